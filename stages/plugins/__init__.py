"""Plugins: stages that others bring, as a folder with a `config.yaml` and code, found without importing it."""

from stages.core.environment import PluginEnvironment
from stages.core.errors import PluginError
from stages.plugins.action import BaseAction, NoParams, NoResult
from stages.plugins.action_function import action
from stages.plugins.bases.deployment_action import BaseDeploymentAction, DeploymentContext
from stages.plugins.bases.export_action import BaseExportAction, ExportContext
from stages.plugins.bases.inference_action import BaseInferenceAction, InferenceContext
from stages.plugins.bases.train_action import BaseTrainAction, TrainContext
from stages.plugins.bases.upload_action import BaseUploadAction, UploadFiles
from stages.plugins.bases.upload_context import UploadContext
from stages.plugins.categories import PackageManager, PluginCategory, RunMethod
from stages.plugins.config import ActionConfig, PluginConfig
from stages.plugins.discovery import PluginDiscovery
from stages.plugins.installed import InstalledPlugin, find_plugins

__all__ = [
    "ActionConfig",
    "BaseAction",
    "BaseDeploymentAction",
    "BaseExportAction",
    "BaseInferenceAction",
    "BaseTrainAction",
    "BaseUploadAction",
    "DeploymentContext",
    "ExportContext",
    "InferenceContext",
    "InstalledPlugin",
    "NoParams",
    "NoResult",
    "PackageManager",
    "PluginCategory",
    "PluginConfig",
    "PluginDiscovery",
    "PluginEnvironment",
    "PluginError",
    "RunMethod",
    "TrainContext",
    "UploadContext",
    "UploadFiles",
    "action",
    "find_plugins",
]
