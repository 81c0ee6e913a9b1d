"""What a stage is, and the stages. From here come the names that authors of stages use."""

from stages.core import errors
from stages.core.blobs import BlobRef, blobs
from stages.core.config import StageConfig, StageConfigField
from stages.core.context import RuntimeContext
from stages.core.decorator import stage
from stages.core.definition import Resources, StageDefinition, StageIO
from stages.core.errors import StagewrightError
from stages.core.memo import Memo, memo
from stages.core.registry import get_palette, get_stage, list_stages, register_stage
from stages.core.spread import FailedItem
from stages.core.state import DetectState

__all__ = [
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
