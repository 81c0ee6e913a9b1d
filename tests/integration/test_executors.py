"""One plugin through every executor: the same results, told the same way; and what goes wrong in a Ray job."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.executors import CallTimeout, LocalExecutor, RayActorExecutor, RayJobExecutor, run_plugin
from flows.settings import read_settings
from stages.core.errors import JobStopped, StageFailed, UsageError, WorkerLost
from stages.plugins import PluginDiscovery
from tests.integration.driving import Toys, in_process
from tests.integration.tiny_wheel import write_wheel
from tests.integration.waiting import until
from tests.unit.plugin_folders import PluginFolders

WORK = """
    import os, signal, sys, time
    from pydantic import BaseModel, Field
    from stages.datatypes import DataType
    from stages.plugins import BaseAction, NoParams, action

    class Pixels(DataType):
        def __init__(self, data):
            self.data = data

        def encode(self, blobs):
            return blobs.put(self.data)

        @classmethod
        def decode(cls, data, blobs):
            return cls(blobs.get(data))

    class DrawParams(BaseModel):
        size: int = Field(3, ge=1, le=9)

    class DrawAction(BaseAction[DrawParams]):
        output_type = Pixels

        def execute(self):
            return Pixels(bytes(range(self.params.size)))

    class Measured(BaseModel):
        total: int
        unit: str
        doubled: list[int]

    LOADED = []

    def double(value):
        return 2 * value

    class MeasureAction(BaseAction[NoParams]):
        input_type, result_model = Pixels, Measured

        def execute(self):
            LOADED.append(1)
            data = self.ctx.input.data
            print("measuring", len(data))
            self.logger.info("measured %d", len(data))
            self.set_metrics({"size": len(data)}, "measure")
            self.set_progress(1, 2, "half")
            doubled = list(self.ctx.map(double, data))
            return {"total": sum(data), "unit": self.ctx.env.get_str("UNIT"), "doubled": doubled}

    @action(input_type=Pixels)
    def place(params: DrawParams, ctx):
        ctx.set_metrics({"size": params.size}, "place")
        ctx.set_progress(1, 2, "half")
        return [os.path.basename(sys.argv[0]), params.size, len(ctx.input.data)]

    @action
    def warmth(params: NoParams, ctx):
        LOADED.append(1)
        return [os.getpid(), len(LOADED)]

    @action
    def figures(params: NoParams, ctx):
        import numpy
        return {"grid": numpy.zeros((9, 9)), "losses": [0.5, float("nan")], "pixels": Pixels(b"abc")}

    @action
    def fail(params: NoParams, ctx):
        print("about to fail")
        raise ValueError("no")

    @action
    def hang(params: NoParams, ctx):
        print("hanging", flush=True)
        time.sleep(600)

    @action
    def chatter(params: NoParams, ctx):
        for number in range(1_000_000):
            print("line", number)
        return number

    @action
    def need(params: NoParams, ctx):
        import nowhere_to_be_found

    @action
    def vanish(params: NoParams, ctx):
        os.kill(os.getpid(), signal.SIGKILL)
"""
NAMES = ("draw", "measure", "place", "warmth", "figures", "fail", "hang", "chatter", "need", "vanish")
CONFIG = "env: {UNIT: points}\nactions:\n" + "".join(
    f"  {name}: {{entrypoint: 'plugin.work:{name.capitalize() + 'Action' if name in NAMES[:2] else name}'}}\n"
    for name in NAMES
)


@pytest.fixture
def plugin(on_ray: Toys) -> Path:
    """A plugin's folder. Nothing says where it is, so that it must travel."""
    return PluginFolders(on_ray.folder).write("pixels", {"plugin/work.py": WORK}, CONFIG)


@pytest.fixture
def jobs(plugin: Path) -> RayJobExecutor:
    return RayJobExecutor(working_dir=plugin)


class Ears:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def progress(self, current: float, total: float, category: str | None) -> None:
        self.heard.append((current, total, category))

    def metrics(self, value: Any, category: str) -> None:
        self.heard.append((dict(value), category))

    def event(self, name: str, data: Any, file: str | None) -> None: ...


def through(executor: Any, plugin: Path, ears: Ears) -> tuple[Any, ...]:
    """What two actions give, one of which reads what the other wrote, and what was told meanwhile."""
    found = PluginDiscovery.from_path(plugin)
    pixels = executor.execute(found.get_action_class("draw"), {"size": 4})
    measured = executor.execute(found.get_action_class("measure"), None, pixels)
    lines = [line for _, line in executor.told.log]
    return pixels.data, measured, executor.told.metrics, executor.told.progress.get("half"), lines, ears.heard[:2]


def test_every_executor_gives_the_same_and_tells_the_same(plugin: Path) -> None:
    made = []
    for kind in (LocalExecutor, RayActorExecutor, RayJobExecutor):
        ears = Ears()
        given = {} if kind is LocalExecutor else {"working_dir": plugin}
        executor: Any = kind(**given, reporter=ears)
        made.append(through(executor, plugin, ears))
        if isinstance(executor, RayActorExecutor):
            executor.shutdown()
    assert made[0] == made[1] == made[2]
    data, measured, metrics, progress, lines, heard = made[0]
    assert data == b"\0\1\2\3"
    assert (measured.total, measured.unit, measured.doubled) == (6, "points", [0, 2, 4, 6])
    assert (metrics, progress, lines) == ({"measure": {"size": 4}}, (1, 2), ["measured 4"])
    assert heard == [({"size": 4}, "measure"), (1, 2, "half")]


def test_one_word_says_where_an_action_of_a_plugin_runs(plugin: Path) -> None:
    local, task, again = (run_plugin(plugin, "draw", {"size": 4}, mode) for mode in ("local", "task", "task"))
    assert local.data == task.data == again.data == b"\0\1\2\3"
    for mode, program in (("actor", "default_worker.py"), ("job", "job_main.py")):
        ears, asked = Ears(), {"plugin_code": plugin, "action": "place", "params": {"size": 5}, "input": local}
        assert run_plugin(**asked, mode=mode, reporter=ears) == [program, 5, 4]
        assert ears.heard == [({"size": 5}, "place"), (1, 2, "half")]
    with pytest.raises(UsageError, match="parameters that it cannot take: size"):
        run_plugin(plugin, "draw", {"size": 10}, "task")
    with pytest.raises(UsageError, match=r"measure' reads a .*Pixels: give its address as `input`"):
        run_plugin(plugin, "measure", mode="task")
    with pytest.raises(UsageError, match="no mode 'tsk'; did you mean 'task'"):
        run_plugin(plugin, "draw", mode="tsk")  # type: ignore[arg-type]


def test_the_command_line_runs_an_action_and_prints_what_it_gave(plugin: Path) -> None:
    ran = in_process("plugin", "run", str(plugin), "warmth", "--json")
    assert (ran.code, ran.json["state"], ran.json["result"][1]) == (0, "done", 1)
    (plugin.parent / "params.json").write_text('{"size": 9}')
    asked = ("plugin", "run", str(plugin), "draw", "--params", str(plugin.parent / "params.json"))
    drawn = in_process(*asked, "--set", "size=2", "--mode", "task")
    assert (drawn.code, json.loads(drawn.out)["type"].rpartition(".")[2]) == (0, "Pixels")
    assert in_process(*asked, "--set", "size=10").code == 2
    figures, again = (in_process("plugin", "run", str(plugin), "figures", *as_json) for as_json in ((), ("--json",)))
    told = json.loads(figures.out, parse_constant=pytest.fail)
    assert told == again.json["result"]
    assert told["grid"] == {"type": "ndarray", "dtype": "float64", "shape": [9, 9]}
    assert (told["losses"], told["pixels"]["type"].rpartition(".")[2]) == ([0.5, "nan"], "Pixels")
    failed = in_process("plugin", "run", str(plugin), "fail", "--json")
    assert (failed.code, "ValueError: no" in failed.err) == (1, True)
    about = {"plugin": str(plugin), "action": "fail", "mode": "local", "state": "failed"}
    assert failed.json == {**about, "error": failed.err.partition("Error: ")[2].rstrip("\n")}
    assert in_process(*asked, "--set", "size=10", "--json").json["state"] == "refused"


class TestActor:
    @pytest.fixture
    def actor(self, plugin: Path) -> Iterator[RayActorExecutor]:
        with RayActorExecutor(plugin, num_cpus=0.1) as executor:
            yield executor

    def test_it_stays_warm_and_another_one_comes_after_it_was_lost(self, actor: RayActorExecutor) -> None:
        first, again = (actor.execute("warmth") for _ in range(2))
        assert again == [first[0], 2]
        with pytest.raises(StageFailed, match="fail' failed: ValueError: no"):
            actor.execute("fail")
        assert actor.execute("warmth") == [first[0], 3]
        with pytest.raises(WorkerLost, match="Action 'vanish' lost its actor"):
            actor.execute("vanish")
        other = actor.execute("warmth")
        assert other[0] != first[0]
        assert other[1] == 1

    def test_calls_of_several_threads_go_one_after_the_other(self, actor: RayActorExecutor) -> None:
        counts: list[int] = []
        threads = [threading.Thread(target=lambda: counts.append(actor.execute("warmth")[1])) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(counts) == [1, 2, 3, 4, 5]

    def test_nothing_is_sent_that_does_not_fit(self, actor: RayActorExecutor) -> None:
        with pytest.raises(UsageError, match="parameters that it cannot take: size"):
            actor.execute("draw", {"size": 10})
        with pytest.raises(UsageError, match=r"reads a .*Pixels: give it as `input`"):
            actor.execute("measure")
        assert actor._actor is None


class TestJobs:
    def test_one_that_fails_tells_why_with_the_end_of_its_log(self, jobs: RayJobExecutor) -> None:
        job = jobs.submit("fail")
        with pytest.raises(StageFailed) as e:
            jobs.wait(job, 60)
        assert ".fail' failed: ValueError: no The end of its log:\n" in str(e.value)
        assert "\n  about to fail\n" in str(e.value)
        assert jobs.get_status(job) == "FAILED"
        assert "about to fail" in jobs.get_logs(job)

    def test_one_that_hangs_goes_on_after_the_wait_until_it_is_stopped(self, jobs: RayJobExecutor) -> None:
        job = jobs.submit("hang")
        until(lambda: "hanging" in jobs.get_logs(job))
        with pytest.raises(CallTimeout, match=r"is RUNNING after 0.5 s. It goes on; stop\('hang-"):
            jobs.wait(job, 0.5)
        assert jobs.stop(job)
        with pytest.raises(JobStopped, match="was stopped"):
            jobs.wait(job, 60)
        assert jobs.get_status(job) == "STOPPED"
        assert not [*(read_settings().home / "calls").iterdir()]  # of its environment nothing is left

    def test_one_that_prints_without_end_and_is_waited_for_by_another(self, jobs: RayJobExecutor, plugin: Path) -> None:
        job = jobs.submit("chatter")
        lines = list(jobs.stream_logs(job))
        assert lines[-2:] == ["line 999998", "line 999999"]
        assert RayJobExecutor(working_dir=plugin).wait(job, 60) == 999_999

    def test_one_that_needs_what_is_not_there(self, jobs: RayJobExecutor) -> None:
        with pytest.raises(StageFailed, match="No module named 'nowhere_to_be_found'"):
            jobs.execute("need")

    def test_one_that_vanishes(self, jobs: RayJobExecutor) -> None:
        with pytest.raises(StageFailed, match=r"ended without a result \(FAILED\)"):
            jobs.execute("vanish")

    def test_what_is_not_there(self, jobs: RayJobExecutor) -> None:
        with pytest.raises(UsageError, match="knows no job 'nowhere'"):
            jobs.get_status("nowhere")
        with pytest.raises(UsageError, match="no address of a job server"):
            RayJobExecutor("127.0.0.1:1")

    def test_what_the_plugin_requires_is_installed_for_it_by_pip_where_it_names_no_other(self, on_ray: Toys) -> None:
        need = "import stages.plugins\n@stages.plugins.action\ndef need(params, ctx):\n"
        need += "    import tiny_wheel\n    return tiny_wheel.ANSWER\n"
        config = "package_manager_options: [--no-index]\nactions:\n  need: {entrypoint: need:need}\n"
        folder = PluginFolders(on_ray.folder).write(
            "needy", {"need.py": need, "requirements.txt": "tiny-wheel\n"}, config
        )
        write_wheel(folder / "wheels")
        assert RayJobExecutor(working_dir=folder).execute("need") == 42
