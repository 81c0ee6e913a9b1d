"""Steps inside a stage: parts with their own progress, that are undone in reverse order when a later one fails."""

from stages.steps.base import BaseStep
from stages.steps.context import BaseStepContext
from stages.steps.errors import StepFailed, StepInputError, UnfitStep, UnknownStep
from stages.steps.orchestrator import Orchestrator
from stages.steps.registry import StepRegistry
from stages.steps.result import StepResult
from stages.steps.validation import ValidationStep
from stages.steps.wrappers import LoggingStep, TimingStep

__all__ = [
    "BaseStep",
    "BaseStepContext",
    "LoggingStep",
    "Orchestrator",
    "StepFailed",
    "StepInputError",
    "StepRegistry",
    "StepResult",
    "TimingStep",
    "UnfitStep",
    "UnknownStep",
    "ValidationStep",
]
