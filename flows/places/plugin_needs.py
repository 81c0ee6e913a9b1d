"""What plugins need on the nodes that run their stages: a runtime_env for their processes, which Ray makes once a node.

Of stages that no plugin brings nothing is asked, and nothing is sent for them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.places.wheels import FOLDER, send_wheels
from stages.core.definition import StageDefinition
from stages.core.errors import PluginError, UsageError
from stages.plugins.config import PluginConfig
from stages.plugins.config_file import load_config
from stages.plugins.needs import runtime_env_of, wheels_of, words_of

_TOLD = 6
"""Lines of what an installer said last that are worth telling; what it could not install stands there."""

_RAISED = re.compile(r"[\w.]+(Error|Exception)\b")

Needs = Mapping[str, Any]


class PluginNeeds:
    """Those of a run's plugins, each looked at once. Made where this process is connected to the cluster."""

    def __init__(self) -> None:
        self._made, self._lock = dict[Path, Needs](), threading.Lock()

    def of(self, definition: StageDefinition) -> Needs:
        """The runtime_env for a stage's processes; empty where nothing is needed. Wheels that the plugin brings are on
        the cluster when this returns. Raises PluginError, UsageError for what Ray takes none of."""
        if (words := words_of(definition)) is None:
            return {}
        with self._lock:
            if words.folder not in self._made:
                self._made[words.folder] = _made(load_config(words.folder), words.folder)
            return self._made[words.folder]


def _made(config: PluginConfig, folder: Path) -> Needs:
    made = runtime_env_of(config, folder, wheels=FOLDER)
    if (wheels := wheels_of(config, folder)) and _looks_for_wheels(made):
        if "working_dir" in made:
            raise UsageError(
                f"Plugin {config.code!r}: its wheels go to the nodes as a working_dir, and its runtime_env names "
                "another one. Leave one of them out.",
                plugin=config.code,
            )
        made["working_dir"] = send_wheels(wheels)
    return made


def _looks_for_wheels(made: Needs) -> bool:
    """Not where `pip` of the config's own runtime_env stands above the plugin's requirements."""
    given = [made[name] for name in ("pip", "uv") if isinstance(made.get(name), Mapping)]
    return any(f"--find-links {FOLDER}" in packages.get("packages", ()) for packages in given)


def own_variables(needs: Needs) -> list[str]:
    """The variables of such a process that are its own, and not the job's."""
    own = ["PATH", "VIRTUAL_ENV"] if {*needs} - {"env_vars"} else []
    return [*own, *needs.get("env_vars", {})]


def not_taken(stage: str, error: Exception) -> PluginError:
    """Told instead of what Ray says to a runtime_env that it cannot even read."""
    return PluginError(f"Stage {stage!r}: the runtime_env of its plugin is none for Ray: {error}", stage=stage)


def in_words(error: BaseException, stage: str) -> BaseException:
    """The error; where Ray could not make the runtime_env of a stage's process, the end of what the installer said
    instead of Ray's pages about it."""
    from ray.exceptions import RuntimeEnvSetupError

    return not_made(str(error), stage) if isinstance(error, RuntimeEnvSetupError) else error


def not_made(told: str, stage: str) -> PluginError:
    """Told instead of what Ray says of a runtime_env that it could not make."""
    said = "\n".join(f"  {line}" for line in _end_of(told))
    plugin, _, _ = stage.rpartition(".")
    whose = f"plugin {plugin!r}" if plugin else f"action {stage!r}"
    where = "its requirements.txt, or runtime_env of its config.yaml" if plugin else "the runtime_env that was given"
    return PluginError(
        f"What {whose} needs could not be installed where stage {stage!r} was to run:\n"
        f"{said}\nMend {where}. A cluster that was not told otherwise "
        "says this again for ten minutes to who asks for just the same, and tries nothing.",
        stage=stage,
    )


def _end_of(told: str) -> list[str]:
    """The end of what the command that failed printed, where there was one, else of the error."""
    _, by_command, printed = told.rpartition("lines of stdout:")
    lines = [line.strip() for line in (printed or told).splitlines() if line.strip()]
    if not by_command and (raised := [at for at, line in enumerate(lines) if _RAISED.match(line)]):
        lines = lines[raised[-1] :]  # what stands before it are lines of Ray's code
    return lines[-_TOLD:] or ["no reason was told"]
