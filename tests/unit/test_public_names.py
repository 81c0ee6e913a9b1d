"""What `stages`, `stages.datatypes` and `stages.plugins` promise to have: a name more or less is a decision,
and is made here."""

from __future__ import annotations

import stages
import stages.datatypes
import stages.plugins


def test_stages() -> None:
    assert stages.__all__ == [
        "BlobRef",
        "DetectState",
        "FailedItem",
        "Memo",
        "Resources",
        "RuntimeContext",
        "StageConfig",
        "StageConfigField",
        "StageDefinition",
        "StageIO",
        "StagewrightError",
        "blobs",
        "errors",
        "get_palette",
        "get_stage",
        "list_stages",
        "memo",
        "register_stage",
        "stage",
    ]
    assert all(hasattr(stages, name) for name in stages.__all__)


def test_datatypes() -> None:
    assert stages.datatypes.__all__ == [
        "Box",
        "Boxes",
        "COCODataset",
        "COCOSample",
        "Crop",
        "Crops",
        "DataType",
        "Dataset",
        "Detection",
        "Detections",
        "Exposure",
        "Exposures",
        "Frame",
        "FrameWriter",
        "Frames",
        "MediaInfo",
        "Model",
        "ModelInfo",
        "ModelWeights",
        "ONNXModel",
        "Reading",
        "Readings",
        "Report",
        "Scene",
        "SceneObject",
        "Scenes",
        "Tensor",
        "TrackPoint",
        "Tracks",
        "Video",
        "YOLODataset",
        "YOLOSample",
        "find_type",
        "list_types",
    ]
    assert all(hasattr(stages.datatypes, name) for name in stages.datatypes.__all__)


def test_plugins() -> None:
    assert stages.plugins.__all__ == [
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
    assert all(hasattr(stages.plugins, name) for name in stages.plugins.__all__)
