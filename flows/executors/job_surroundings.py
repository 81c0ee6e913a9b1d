"""What a Ray job of an executor is given beside its call: the plugin's folder, packages, and where the store is."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.executors.asked import check_runtime_env
from flows.executors.job_lines import BAGGAGE, CALL
from flows.executors.job_server import VARIABLE
from flows.executors.job_stop import PATIENCE
from flows.executors.needs import runtime_env_of
from flows.executors.sent import SentCall
from flows.places.baggage import named_elsewhere, pack
from flows.places.plugin_needs import own_variables
from flows.places.reach import refuse_loopback
from flows.settings import is_loopback, read_settings
from stages.core.errors import UsageError
from stages.plugins.discovery import PluginDiscovery
from stages.plugins.package import package_plugin, unpack_package

MOST_BYTES = 100_000
"""A variable of a process may hold 128 KiB; what is longer belongs into the action's input."""

_IN_FOLDER = "${RAY_RUNTIME_ENV_CREATE_WORKING_DIR}"  # where Ray unpacks the folder, when it installs packages


@dataclass(frozen=True)
class Surroundings:
    """The same for all calls of an executor. `url`: that of the job server; `here`: the cluster is on this machine, and
    may have all that we have."""

    url: str
    here: bool
    folder: Path | None
    needs: Mapping[str, Any]

    @staticmethod
    def of(url: str, plugin: PluginDiscovery | None, runtime_env: Mapping[str, Any] | None) -> Surroundings:
        """For a job server and a plugin. Raises PluginError for a plugin that cannot be packed, UsageError for a
        runtime_env that is none."""
        check_runtime_env(runtime_env)
        folder = None if plugin is None else _packed(plugin.folder)
        needs = runtime_env_of(plugin, runtime_env, folder=_IN_FOLDER)
        return Surroundings(url, is_loopback(urlsplit(url).hostname), folder, needs)

    @property
    def entrypoint(self) -> str:
        """Without the folder on its path (-P): what is called as a module of the library is not to hide that."""
        own = {"pip", "uv", "conda", "py_executable"} & {*self.needs}
        python = sys.executable if self.here and not own else "python"
        return f"{shlex.quote(python)} -P -m flows.executors.job_main"

    def check(self) -> None:
        """Raise UsageError for a cluster elsewhere that could not reach the store or the Prefect server named here."""
        settings = read_settings()
        if not self.here:
            refuse_loopback(self.url, settings, settings.prefect_api_url)

    def runtime_env(self, sent: SentCall) -> dict[str, Any]:
        """For one call. No secret is in it: what needs some lies in a file of ours where the cluster is on this
        machine; elsewhere nodes have their own."""
        call = sent.to_json()
        if len(call.encode()) > MOST_BYTES:
            raise UsageError(
                f"Action {sent.name!r}: its parameters have {len(call):,} characters, more than a job can be given "
                f"({MOST_BYTES:,}). Give what is long as its input."
            )
        told = {BAGGAGE: str(self._baggage_file(sent.job_id))} if self.here else named_elsewhere()
        variables = {VARIABLE: self.url, **PATIENCE, **told, **self.needs.get("env_vars", {}), CALL: call}
        folder = {"working_dir": str(self.folder)} if self.folder else {}
        return {**self.needs, **folder, "env_vars": variables}

    def _baggage_file(self, job_id: str) -> Path:
        """Our environment, for the job to read once; whoever may read it is us."""
        file = _calls() / f"{job_id}.json"
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        baggage = pack(elsewhere=False).without(own_variables(self.needs))
        file.write_text(json.dumps({"environment": dict(baggage.environment), "path": list(baggage.path)}))
        return file


def _packed(folder: Path) -> Path:
    """The plugin as it travels, in a folder of its own whose content is all that Ray looks at."""
    package = package_plugin(folder)
    kept = read_settings().home / "cache" / "plugins" / package.digest.removeprefix("sha256:")
    return unpack_package(package.data, kept)


def forget_baggage(job_id: str) -> None:
    """Remove what a job that never began has not read."""
    (_calls() / f"{job_id}.json").unlink(missing_ok=True)


def _calls() -> Path:
    return read_settings().home / "calls"
