"""Where an action runs, by one word: in this process, on a warm Ray actor, or as a Ray job of its own.

All give the same result and tell the same of it. Ray is imported when an executor needs it.
"""

from flows.executors.local import LocalExecutor
from flows.executors.plugin_runs import run_plugin
from flows.executors.ray_actor import RayActorExecutor
from flows.executors.ray_job import CallTimeout, RayJobExecutor
from flows.executors.told import Told

__all__ = ["CallTimeout", "LocalExecutor", "RayActorExecutor", "RayJobExecutor", "Told", "run_plugin"]
