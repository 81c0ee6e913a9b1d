"""The clients of an action in every mode, where the environment names no server and all of them run on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prefect.context import refresh_global_settings_context

from flows.connections import Connections
from flows.executors import LocalExecutor, run_plugin
from stages.core import discovery, registry
from stages.plugins import PluginDiscovery
from tests.integration.driving import Toys
from tests.unit.plugin_folders import PluginFolders

ASK = """
    from stages.plugins import action

    @action
    def ask(params, ctx):
        if ctx.client is not None:
            with ctx.client as client:  # left again, it is still there for whoever asks next
                client.api_version()
        return [ctx.client and str(ctx.client.api_url), ctx.agent_client and len(ctx.agent_client.get_version()) > 0]

    @action
    def named(params, ctx):
        return ctx.client.api_version() and str(ctx.client.api_url)

    @action
    def rest(params, ctx):
        import sys
        return sorted({"prefect", "ray", "httpx"} & {*sys.modules})
"""
CONFIG = "actions:\n" + "".join(f"  {name}: {{entrypoint: ask:{name}}}\n" for name in ("ask", "named", "rest"))


@pytest.fixture
def plugin(on_ray: Toys, services: Connections, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its folder; the home knows of a Prefect server and a Ray, and the environment of neither."""
    discovery.load_stages()  # toys are kept
    monkeypatch.setattr(registry, "_stages", dict(registry._stages))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    record = Path(on_ray.environment["STAGEWRIGHT_HOME"]) / "services.json"
    known = {**json.loads(record.read_text()), "prefect": {"api_url": services.prefect_api_url}}
    record.write_text(json.dumps(known))
    return PluginFolders(on_ray.folder).write("asking", {"ask.py": ASK}, CONFIG)


@pytest.mark.parametrize("mode", ["local", "actor", "job"])
def test_it_has_them_wherever_it_runs(plugin: Path, services: Connections, mode: Any) -> None:
    assert run_plugin(plugin, "ask", mode=mode) == [f"{services.prefect_api_url}/", True]


def test_as_a_stage_on_threads_it_runs_on_no_cluster(
    plugin: Path, services: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    refresh_global_settings_context()  # as where Prefect was imported before a server was named
    assert run_plugin(plugin, "ask", mode="task") == [f"{services.prefect_api_url}/", None]


def test_asking_here_changes_nothing_for_this_process(
    plugin: Path, services: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # where nobody is
    before = dict(os.environ)
    named = PluginDiscovery.from_path(plugin).get_action_class("named")
    assert LocalExecutor().execute(named) == f"{services.prefect_api_url}/"
    assert dict(os.environ) == before


def test_where_no_server_is_there_are_none_and_none_is_started(plugin: Path, tmp_path: Path) -> None:
    environment = {"STAGEWRIGHT_HOME": str(tmp_path / "empty"), "PREFECT_HOME": str(tmp_path / "prefect")}
    told = _elsewhere(plugin, "ask", environment)
    assert told == [None, None]
    assert not (tmp_path / "empty").exists()


def test_whoever_does_not_ask_does_not_pay(plugin: Path) -> None:
    assert _elsewhere(plugin, "rest", {}) == []


def _elsewhere(plugin: Path, action: str, environment: dict[str, str]) -> Any:
    """What an action gives in a process of its own that runs it by LocalExecutor."""
    ran = f"run_plugin({str(plugin)!r}, {action!r})"
    code = f"import json; from flows.executors import run_plugin; print(json.dumps({ran}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
