"""Pipelines of actions: each gives what the next one reads. A pipeline is a profile, and runs as one.

Prefect is imported when a run is submitted or asked about, not before.
"""

from flows.pipelines.display import show_progress
from flows.pipelines.executor import ActionExecutor, PipelineExecutor
from flows.pipelines.pipeline import ActionPipeline
from flows.pipelines.progress import ActionProgress, PipelineProgress
from flows.pipelines.submitting import RayPipelineExecutor

__all__ = [
    "ActionExecutor",
    "ActionPipeline",
    "ActionProgress",
    "PipelineExecutor",
    "PipelineProgress",
    "RayPipelineExecutor",
    "show_progress",
]
