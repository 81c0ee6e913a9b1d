"""The same profiles on Ray: the same results, and the truth about what happens there."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import prefect
import pytest

from stages import Resources
from stages.core.errors import UsageError
from stages.core.objects import ObjectStore
from tests.integration.driving import BRANCHES, COMMAND, Ended, Toys, in_process
from tests.integration.prefect_side import Seen, cancel, deployed, ended, log_of, says, seen
from tests.integration.ray_toys import noted
from tests.integration.waiting import gone, hears_ctrl_c, until

MORTAL = "name: mortal\nstages:\n  - toy_mortal\n  - toy_after\n"
SPREAD = "name: spread\nstages:\n  - toy_spread\n"


def _run(toys: Toys, profile: str, *args: str, runner: str = "ray") -> Ended:
    file = toys.folder / "profile.yaml"
    file.write_text(profile)
    return in_process("run", str(file), "--json", "--runner", runner, *args)


def _start(toys: Toys, profile: str, *args: str, runner: str = "ray") -> subprocess.Popen[bytes]:
    file = toys.folder / "profile.yaml"
    file.write_text(profile)
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [COMMAND, "run", str(file), "--runner", runner, *args]
    return subprocess.Popen(command, env=toys.all(), cwd=toys.folder, preexec_fn=hears_ctrl_c, **quiet)


def _pids(toys: Toys, name: str = "mortal") -> list[int]:
    return [int(line.split()[0]) for line in noted(toys.folder, name)]


class TestSameResults:
    def test_it_runs_keeps_and_runs_again_what_changed(self, on_ray: Toys) -> None:
        first = _run(on_ray, BRANCHES)
        assert set(first.statuses.values()) == {"ran"}
        assert first.json["outputs"]["total"] == {"sum": 225, "parts": 2, "plus": 0}
        assert set(_run(on_ray, BRANCHES).statuses.values()) == {"kept"}
        changed = _run(on_ray, BRANCHES, "--set", "triple.factor=4")
        assert [id for id, status in changed.statuses.items() if status == "ran"] == ["triple", "toy_sum"]

    def test_envelopes_are_those_of_threads_to_the_byte(self, on_ray: Toys, store: ObjectStore) -> None:
        made = []
        for runner in ("threads", "ray"):
            ran = _run(
                on_ray, BRANCHES + "  - toy_spread\n  - toy_words\n  - toy_join\n", "--refresh=all", runner=runner
            )
            assert ran.code == 0, ran.err
            made.append({key: _bare(store.get(key)) for key in store.list("results/")})
        assert len(made[0]) == 8
        assert made[0] == made[1]

    def test_auto_is_the_cluster_that_the_environment_names(self, on_ray: Toys) -> None:
        told = json.loads((on_ray.folder / "home" / "services.json").read_text())["ray"]
        joined = {"RAY_ADDRESS": told["address"], "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": told["token_file"]}
        on_ray.file.write_text(BRANCHES)
        ran = on_ray.command("run", str(on_ray.file), "--json", STAGEWRIGHT_RUNNER="auto", **joined)
        assert ran.code == 0, ran.err
        assert set(ran.statuses.values()) == {"ran"}

    def test_a_stage_has_a_client_of_the_server_and_on_ray_of_the_job_server(self, on_ray: Toys) -> None:
        answers = []
        for runner in ("threads", "ray"):
            ran = _run(on_ray, "name: asks\nstages:\n  - toy_asks\n", "--job-id", f"asks-{runner}", runner=runner)
            assert ran.code == 0, ran.err
            answers.append(ran.json["outputs"]["answers"])
        here, there = answers
        assert here == {"run": "Running", "server": prefect.__version__, "drivers": None}
        assert "DRIVER" in there.pop("drivers")
        assert there == {"run": "Running", "server": prefect.__version__}

    def test_what_threads_made_is_kept(self, on_ray: Toys) -> None:
        _run(on_ray, BRANCHES, runner="threads")
        assert set(_run(on_ray, BRANCHES).statuses.values()) == {"kept"}


def _bare(envelope: bytes) -> bytes:
    """An envelope without what tells of the job and the time; the other lines are as they are."""
    apart = (b' "job":', b' "made":', b' "seconds":', b' "sum":')
    return b"\n".join(line for line in envelope.splitlines() if not line.startswith(apart))


class TestLostWorkers:
    def test_a_stage_whose_worker_is_killed_runs_again_and_every_attempt_shows(self, on_ray: Toys) -> None:
        process = _start(on_ray, MORTAL, "--set", "toy_mortal.wait=3", "--job-id", "bereft")
        until(lambda: _pids(on_ray))
        time.sleep(0.5)
        os.kill(_pids(on_ray)[0], signal.SIGKILL)
        assert process.wait(60) == 0
        run = ended("bereft", 2)
        assert run.state == "Completed"
        assert run.counts["toy_mortal"] == 2
        assert run.states["toy_mortal"] == ["Pending", "Running", "AwaitingRetry", "Retrying", "Completed"]
        says(run, "attempt 1 says hello")
        says(run, "lost its worker: its process was killed, or crashed")
        says(run, "attempt 2 says hello")

    def test_after_its_own_limit_the_run_has_failed_and_nothing_is_left_running(self, on_ray: Toys) -> None:
        failed = _run(on_ray, MORTAL, "--set", "toy_mortal.kill=99", "--job-id", "doomed")
        assert failed.code == 1
        assert "Stage 'toy_mortal' lost its worker" in failed.json["error"]
        assert failed.statuses == {"toy_mortal": "failed", "toy_after": "skipped"}
        assert len(_pids(on_ray)) == 3  # retries: 2
        run = ended("doomed", 2)
        assert (run.state, run.ends) == ("Failed", {"toy_mortal": "Failed", "toy_after": "Skipped"})

    def test_a_profile_sets_the_limit(self, on_ray: Toys) -> None:
        once = "name: mortal\nstages:\n  - {stage: toy_mortal, retries: 0, config: {kill: 1}}\n"
        assert _run(on_ray, once).code == 1
        assert len(_pids(on_ray)) == 1


class TestStopping:
    def test_a_run_that_is_cancelled_ends_its_work_and_its_tasks_are_cancelled(self, on_ray: Toys) -> None:
        process = _start(on_ray, MORTAL, "--set", "toy_mortal.busy=200", "--job-id", "unwanted")
        until(lambda: _pids(on_ray) and seen("unwanted"))
        run = seen("unwanted")
        assert run is not None
        prefect = [str(Path(COMMAND).parent / "prefect"), "flow-run", "cancel", str(run.id)]
        subprocess.run(prefect, check=True, capture_output=True, env=on_ray.all())
        until(lambda: gone(_pids(on_ray)[0]), 15)
        assert process.wait(30) == 1
        self._all_cancelled(ended("unwanted", 2), "Cancelled")

    def test_so_does_one_that_is_interrupted(self, on_ray: Toys) -> None:
        process = _start(on_ray, MORTAL, "--set", "toy_mortal.busy=200", "--job-id", "interrupted")
        until(lambda: _pids(on_ray) and seen("interrupted"))
        process.send_signal(signal.SIGINT)
        until(lambda: gone(_pids(on_ray)[0]), 15)
        assert process.wait(30) == 130
        self._all_cancelled(ended("interrupted", 2), "Crashed")  # Prefect's word for it

    @staticmethod
    def _all_cancelled(run: Seen, state: str) -> None:
        assert run.state == state
        assert run.ends == {"toy_mortal": "Cancelled", "toy_after": "Cancelled"}

    def test_a_run_on_threads_is_cancelled_likewise(self, toys: Toys) -> None:
        process = _start(toys, MORTAL, "--set", "toy_mortal.wait=200", "--job-id", "put-off", runner="threads")
        until(lambda: _pids(toys) and seen("put-off"))
        run = seen("put-off")
        assert run is not None
        prefect = [str(Path(COMMAND).parent / "prefect"), "flow-run", "cancel", str(run.id)]
        subprocess.run(prefect, check=True, capture_output=True, env=toys.all())
        assert process.wait(30) == 1
        self._all_cancelled(ended("put-off", 2), "Cancelled")

    def test_one_that_a_worker_of_prefect_runs_is_cancelled_from_the_ui(
        self, on_ray: Toys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The UI's button does what this does: the API is told, and the worker ends the process."""
        profiles = on_ray.folder / "profiles"
        profiles.mkdir()
        (profiles / "unwatched.yaml").write_text("extends: base\nstages: [toy_mortal: {busy: 200}]\n")
        (profiles / "base.yaml").write_text(MORTAL)
        for name, value in {"STAGEWRIGHT_PROFILES": str(profiles), "STAGEWRIGHT_RUNNER": "ray"}.items():
            on_ray.environment[name] = value
            monkeypatch.setenv(name, value)
        with deployed(on_ray, "unwatched") as job:
            until(lambda: _pids(on_ray) and seen(job), 60)
            run = seen(job)
            assert run is not None
            cancel(run)
            until(lambda: gone(_pids(on_ray)[0]), 15)
            until(lambda: (now := seen(job)) is not None and now.state == "Cancelled", 40)
        self._all_cancelled(ended(job, 2), "Cancelled")
        told = in_process("show", job, "--json").json
        assert (told["state"], told["error"]) == ("cancelled", "The run was cancelled.")

    def test_a_timeout_holds_for_a_busy_loop(self, on_ray: Toys) -> None:
        profile = "name: mortal\nstages:\n  - {stage: toy_mortal, retries: 0, timeout: 1, config: {busy: 100}}\n"
        started = time.monotonic()
        failed = _run(on_ray, profile, "--job-id", "endless")
        assert time.monotonic() - started < 50
        assert failed.code == 1
        assert "ran longer than its timeout of 1 s" in failed.json["error"]
        until(lambda: gone(_pids(on_ray)[0]), 5)
        assert ended("endless", 1).ends == {"toy_mortal": "TimedOut"}


class TestItems:
    def test_they_go_to_more_than_one_process_and_come_back_in_order(self, on_ray: Toys) -> None:
        ran = _run(on_ray, SPREAD, "--set", "toy_spread.items=60", "--set", "toy_spread.wait=0.05")
        assert ran.json["outputs"]["squares"] == [number * number for number in range(60)]
        workers = {line.split()[1] for line in noted(on_ray.folder, "items")}
        assert len(workers) == 2
        assert sorted(noted(on_ray.folder, "setups")) == sorted(workers)  # once each

    def test_a_short_map_starts_no_process(self, on_ray: Toys) -> None:
        assert _run(on_ray, SPREAD).code == 0
        assert {line.split()[1] for line in noted(on_ray.folder, "items")} == set(noted(on_ray.folder, "spread"))

    def test_items_that_raise_are_typed_and_counted_up_to_the_limit(self, on_ray: Toys) -> None:
        sets = ["--set", "toy_spread.bad=[3, 40]", "--set", "toy_spread.items=50", "--set", "toy_spread.wait=0.03"]
        ran = _run(on_ray, SPREAD, *sets, "--set", "toy_spread.max_failed=2")
        assert ran.json["outputs"]["failed"] == [[3, "ValueError"], [40, "ValueError"]]
        assert ran.json["stages"][0]["failed_items"] == 2
        failed = _run(on_ray, SPREAD, *sets, "--set", "toy_spread.max_failed=1")
        assert (
            "2 item(s) failed, more than the limit of 1; the first, item 3: ValueError: 3 is bad"
            in failed.json["error"]
        )

    def test_an_item_whose_worker_is_killed_goes_to_another(self, on_ray: Toys) -> None:
        deadly = range(30, 50)  # many, since on a busy machine the other worker comes late
        sets = ["items=60", "wait=0.1", f"deadly={[*deadly]}", "once=true"]
        ran = _run(on_ray, SPREAD, *(part for text in sets for part in ("--set", f"toy_spread.{text}")))
        assert ran.json["outputs"] == {"squares": [number * number for number in range(60)], "failed": []}
        assert len(noted(on_ray.folder, "spread")) == 1  # the stage itself went on
        begun = Counter(int(line.split()[0]) for line in noted(on_ray.folder, "items"))
        assert {number for number, times in begun.items() if times > 1} <= set(deadly)
        assert begun.total() > 60  # what was lost with its worker was dealt with again

    def test_a_worker_that_has_other_code_is_told_of(self, on_ray: Toys) -> None:
        """As on a node with another version of the stage's package, beside a stage whose own node has the right one."""
        from flows.places.baggage import pack
        from flows.places.crew import Call, Crew
        from flows.places.news import Notebook
        from flows.places.order import Order
        from flows.places.ray_runner import StageRayTaskRunner

        modules = ("tests.integration.ray_toys",)
        with StageRayTaskRunner():
            order = Order(
                "toy_after", "1+other", "key", {}, pickle.dumps({}), modules, Resources(), "job", 2, pack(False)
            )
            crew = Crew(order, Notebook())
            call = Call(time.sleep, None)
            futures = [crew.submit(call, index, 0.2) for index in range(40)]
            ends = [future.exception(60) for future in futures]
            crew.close()
        told = [error for error in ends if error is not None]
        assert told
        assert isinstance(told[0], UsageError)
        assert "Stage 'toy_after' is version 1+" in str(told[0])
        assert "and 1+other where the run was started" in str(told[0])

    def test_functions_that_cannot_travel_are_told_of(self, on_ray: Toys) -> None:
        failed = _run(on_ray, "name: stuck\nstages:\n  - toy_stuck\n")
        assert failed.code == 1
        assert "the function or setup given to ctx.map cannot go to another process" in failed.json["error"]


class TestData:
    def test_the_memory_of_the_driver_does_not_depend_on_the_size_of_values(self, on_ray: Toys) -> None:
        profile = "name: bulk\nstages:\n  - toy_bulk\n  - toy_bulk_size\n"
        peaks = {megabytes: self._peak(on_ray, profile, megabytes) for megabytes in (0, 50)}
        assert peaks[50] < peaks[0] * 1.1

    @staticmethod
    def _peak(toys: Toys, profile: str, megabytes: int) -> int:
        """Most that a driver held, KiB, with a blob and a list of that size going from stage to stage."""
        process = _start(toys, profile, "--set", f"toy_bulk.megabytes={megabytes}")
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0
        return usage.ru_maxrss

    def test_keys_of_the_store_are_seen_by_nobody(self, on_ray: Toys, home: Path) -> None:
        ran = _run(on_ray, BRANCHES, "--job-id", "discreet")
        assert ran.code == 0
        run = ended("discreet", 5)
        secret = on_ray.environment["AWS_SECRET_ACCESS_KEY"]
        assert not any(secret in line for line in log_of(run))
        assert _session_folders()
        found = subprocess.run(
            ["grep", "-rlI", "-e", secret, str(home / "ray"), *_session_folders()], capture_output=True
        )
        assert found.stdout == b""


def _session_folders() -> list[str]:
    """Where the session's Ray keeps its logs, wherever its temporary folder is."""
    import psutil

    folders = set[str]()
    for process in psutil.process_iter(["cmdline"]):
        for part in process.info["cmdline"] or ():
            if part.startswith("--session-dir=") or part.startswith("--logs-dir="):
                folders.add(part.split("=", 1)[1])
    return sorted(folders)
