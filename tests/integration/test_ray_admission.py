"""What cannot run on Ray is refused before it starts, saying what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stages.core.errors import UsageError
from tests.integration.driving import BRANCHES, Ended, Toys


def _run(toys: Toys, profile: str, runner: str = "ray") -> Ended:
    toys.profile = profile
    return toys.run("--runner", runner)


class TestRefused:
    def test_a_stage_that_asks_for_more_than_any_node_has(self, on_ray: Toys) -> None:
        refused = _run(on_ray, "name: vast\nstages:\n  - toy_vast\n")
        assert refused.code == 2
        assert "Stage 'toy_vast' asks for 64 CPU, which no node of the cluster has: there is a node with" in refused.err

    @pytest.mark.parametrize(
        ("runner", "code", "told"),
        [
            ("thread", 2, "There is no runner 'thread'; did you mean 'threads'?"),
            ("ray://127.0.0.1:10001", 2, "the Ray Client (ray://) cannot run stages"),
            ("127.0.0.1:1", 3, "No Ray cluster answers at 127.0.0.1:1"),
        ],
    )
    def test_runners_that_cannot_be(self, toys: Toys, runner: str, code: int, told: str) -> None:
        refused = _run(toys, BRANCHES, runner=runner)
        assert refused.code == code
        assert told in refused.json["error"]

    def test_auto_where_nobody_answers_or_nothing_was_joined(self, toys: Toys, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
        refused = _run(toys, BRANCHES, runner="auto")
        assert refused.code == 3
        assert "No Ray cluster answers at 127.0.0.1:1" in refused.json["error"]

        def nothing(address: str, folder: str | None) -> str:
            raise ConnectionError("Could not find any running Ray instance.")

        monkeypatch.setattr("flows.places.ray_connection.get_ray_address_from_environment", nothing)
        refused = _run(toys, BRANCHES, runner="auto")
        assert refused.code == 3
        assert "This machine has joined no Ray cluster. Join one with" in refused.json["error"]

    def test_a_cluster_of_another_version(self, on_ray: Toys, monkeypatch: pytest.MonkeyPatch) -> None:
        import ray

        monkeypatch.setattr(ray, "__version__", "2.1.0")
        refused = _run(on_ray, BRANCHES)
        assert refused.code == 2
        assert "this process Ray 2.1.0 on Python 3." in refused.json["error"]
        assert "use the same image or the same lock file on both sides" in refused.json["error"]
        # Ray keeps what it asks of the nodes by: the next run of this process would be told of those of this cluster
        with pytest.raises(ray.exceptions.RaySystemError, match="Ray has not been started yet"):
            ray.nodes()

    def test_another_cluster_than_the_one_this_process_is_connected_to(
        self, on_ray: Toys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import ray

        from flows.places.ray_connection import connect
        from flows.settings import read_settings

        there = connect("ray", read_settings(), "http://127.0.0.1:4200/api")
        try:
            _, _, port = there.address.rpartition(":")
            assert connect(f"localhost:{port}", read_settings(), "http://127.0.0.1:4200/api").address
            with pytest.raises(
                UsageError, match=f"is connected to the Ray cluster at {there.address}, and was to run on"
            ):
                connect("127.0.0.1:1", read_settings(), "http://127.0.0.1:4200/api")
        finally:
            ray.shutdown()

    def test_a_flow_without_a_server(self, on_ray: Toys) -> None:
        from prefect.settings import PREFECT_API_URL, temporary_settings

        from flows.places.ray_runner import StageRayTaskRunner

        with (
            temporary_settings(restore_defaults={PREFECT_API_URL}),
            pytest.raises(UsageError, match="PREFECT_API_URL is not set"),
            StageRayTaskRunner(),
        ):
            pass

    def test_a_stage_whose_module_the_workers_lack(self, on_ray: Toys, tmp_path: Path) -> None:
        """The module is there when the run is started, and nowhere else."""
        hidden = tmp_path / "hidden"
        hidden.mkdir()
        (hidden / "only_here.py").write_text(
            "from stages import stage\n@stage(writes=('x',))\ndef toy_hidden() -> int:\n    return 1\n"
        )
        (tmp_path / "start.py").write_text(
            "import sys, os\n"
            f"sys.path.insert(0, {str(hidden)!r})\n"
            "import only_here\n"
            f"sys.path.remove({str(hidden)!r})\n"
            "from deployments.start import main\n"
            "main()\n"
        )
        (tmp_path / "hidden.yaml").write_text("name: hidden\nstages:\n  - toy_hidden\n")
        command = [sys.executable, str(tmp_path / "start.py"), "run", "hidden.yaml", "--runner", "ray", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, env=on_ray.all(), cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        error = json.loads(done.stdout)["error"]
        assert "There is no stage 'toy_hidden'" in error
        assert "module 'only_here'" in error
        assert "No module named 'only_here'" in error
        assert "on every node of the cluster" in error
