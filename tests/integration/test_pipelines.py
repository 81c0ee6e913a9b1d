"""Pipelines of actions as their users have them: submitted, watched, waited for, cancelled, from any process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import psutil
import pytest

from flows.executors import LocalExecutor
from flows.jobs.running import tell_ends
from flows.pipelines import ActionPipeline, RayPipelineExecutor, show_progress
from flows.settings import read_settings
from stages.core import registry
from stages.core.errors import JobStopped, ProfileError, ServiceUnreachable, StageFailed, UsageError, WorkerLost
from stages.plugins import PluginDiscovery
from tests.integration.driving import Toys
from tests.integration.pipeline_toys import Lengths, ToyEmbellishAction, ToyLengthsAction, toy_split
from tests.integration.test_docs import blocks
from tests.integration.waiting import until
from tests.unit.plugin_folders import PluginFolders


@pytest.fixture(autouse=True)
def _own_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pipeline makes known as stages is forgotten."""
    monkeypatch.setattr(registry, "_stages", dict(registry._stages))


@pytest.fixture
def executor(toys: Toys) -> RayPipelineExecutor:
    return RayPipelineExecutor("threads")


def chain() -> ActionPipeline:
    return ActionPipeline([toy_split, ToyEmbellishAction, ToyLengthsAction])


def statuses(executor: RayPipelineExecutor, run: str) -> dict[str, str]:
    return {action.id: action.status for action in executor.get_progress(run).actions}


def elsewhere(code: str, *args: str) -> Any:
    """What a process that knows nothing of this one prints as JSON."""
    head = "import json, sys\nfrom flows.pipelines import *\n"
    done = subprocess.run(
        [sys.executable, "-c", head + dedent(code), *args], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_run_is_watched_while_it_goes_and_gives_what_the_actions_give_here(
    toys: Toys, executor: RayPipelineExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    gate, pipeline = toys.folder / "gate", chain()
    params = {"text": "a bc def", "toy_lengths": {"least": 3}, "gate": str(gate), "lines": 420}
    run = pipeline.submit(params, executor)
    until(lambda: executor.get_progress(run).action("toy_embellish").category == "write")
    seen = executor.get_progress(run)
    assert (seen.state, seen.action("toy_embellish").status, seen.action("toy_lengths").status) == (
        "running",
        "running",
        "waiting",
    )
    assert 0.5 <= seen.action("toy_embellish").share <= 0.75
    assert 0 < seen.share < 1
    with pytest.raises(TimeoutError, match="It goes on"):
        pipeline.wait(run, executor, timeout_seconds=0)
    gate.touch()
    assert pipeline.wait(run, executor) == Lengths(lengths=[3, 4])
    assert pipeline.execute(params, LocalExecutor()) == Lengths(lengths=[3, 4])
    end = show_progress(run, executor)
    assert (end.state, end.share, end.ended) == ("done", 1.0, True)
    assert {action.status for action in end.actions} == {"ran"}
    assert "✓ toy_split" in capsys.readouterr().err
    wanted = {f"line {number} of 420" for number in range(420)}  # more than the server gives at once
    until(lambda: wanted <= {line[9:] for line in executor.get_logs(run).splitlines()})


def test_what_an_earlier_run_made_is_kept_and_every_process_knows_the_run(executor: RayPipelineExecutor) -> None:
    pipeline = chain()
    run = elsewhere(
        """
        from tests.integration.pipeline_toys import *
        pipeline = ActionPipeline([toy_split, ToyEmbellishAction, ToyLengthsAction])
        print(json.dumps(pipeline.submit({"text": "x yz"}, RayPipelineExecutor("threads"))))
        """
    )
    assert executor.wait(run) == Lengths(lengths=[2, 3])
    again = pipeline.submit({"text": "x yz", "least": 3}, executor)
    assert pipeline.wait(again, executor) == Lengths(lengths=[3])
    assert statuses(executor, again) == {"toy_split": "kept", "toy_embellish": "kept", "toy_lengths": "ran"}
    told = elsewhere(
        """
        executor = RayPipelineExecutor()
        print(json.dumps([executor.wait(sys.argv[1]).lengths, executor.get_progress(sys.argv[1]).to_json()]))
        """,
        again,
    )
    assert told[0] == [3]
    assert told[1] == json.loads(json.dumps(executor.get_progress(again).to_json()))


def test_an_action_that_fails_ends_the_run_by_its_error(executor: RayPipelineExecutor) -> None:
    with pytest.raises(StageFailed, match=r"toy_embellish.*ValueError: no ink") as there:
        chain().execute({"fail": "no ink"}, executor)
    with pytest.raises(StageFailed) as here:
        chain().execute({"fail": "no ink"}, LocalExecutor())
    assert str(there.value) == str(here.value)
    [folder] = (read_settings().home / "pipelines").iterdir()
    seen = executor.get_progress(folder.name)
    assert [(a.status, a.share) for a in seen.actions] == [("ran", 1.0), ("failed", 0.5), ("skipped", 0.0)]
    assert "no ink" in str(seen.action("toy_embellish").error)
    assert (seen.state, "no ink" in str(seen.error)) == ("failed", True)


def test_a_run_is_cancelled(toys: Toys, executor: RayPipelineExecutor) -> None:
    run = chain().submit({"gate": str(toys.folder / "never")}, executor)
    assert executor.cancel(run)  # before it has begun
    with pytest.raises(JobStopped, match="was cancelled"):
        executor.wait(run)
    seen = executor.get_progress(run)
    assert seen.state == "cancelled"
    assert {action.status for action in seen.actions} <= {"ran", "cancelled", "skipped"}
    assert seen.actions[-1].status == "skipped"
    assert not executor.cancel(run)
    assert executor.get_progress(run).state == "cancelled"


def test_a_run_whose_process_vanished_is_told_as_crashed(toys: Toys, executor: RayPipelineExecutor) -> None:
    run = chain().submit({"gate": str(toys.folder / "never")}, executor)
    until(lambda: executor.get_progress(run).action("toy_embellish").share == 0.75)
    [folder] = (read_settings().home / "pipelines").iterdir()
    psutil.Process(json.loads((folder / "process.json").read_text())["pid"]).kill()
    with pytest.raises(WorkerLost, match="vanished"):
        executor.wait(run)
    seen = executor.get_progress(run)
    assert seen.state == "crashed"
    assert [(a.status, a.share) for a in seen.actions] == [("ran", 1.0), ("failed", 0.75), ("skipped", 0.0)]
    tell_ends(read_settings())  # as the next command does
    assert executor.get_progress(run) == seen


def test_a_plugin_runs_on_ray_from_its_folder_with_an_input(on_ray: Toys) -> None:
    plugins = PluginFolders(on_ray.folder / "plugins")
    code = """
        from pydantic import BaseModel
        from stages.plugins import BaseAction
        from tests.integration.pipeline_toys import PipelineWords

        class Params(BaseModel):
            times: int = 2

        class TwiceAction(BaseAction[Params]):
            input_type = PipelineWords
            output_type = PipelineWords

            def execute(self):
                self.ctx.log_message("unit " + self.ctx.env.get_str("UNIT"))
                return PipelineWords(self.ctx.input.words * self.params.times)
        """
    config = "env: {UNIT: ell}\nactions: {twice: {entrypoint: plugin.twice:TwiceAction}}\n"
    folder = plugins.write("loud", {"plugin/twice.py": code}, config)
    twice = PluginDiscovery.from_path(folder).get_action_class("twice")
    words = on_ray.folder / "words.json"
    words.write_text('["a", "bc"]')
    pipeline = ActionPipeline([twice, twice, ToyEmbellishAction, ToyLengthsAction])
    executor, gate = RayPipelineExecutor("ray", folder), on_ray.folder / "gate"
    params = {"twice_2": {"times": 1}, "gate": str(gate), "mark": ""}
    with pytest.raises(UsageError, match="reads a PipelineWords: give it as `input`"):
        pipeline.submit({}, executor)
    run = pipeline.submit(params, executor, input=words)
    until(lambda: executor.get_progress(run).action("toy_embellish").category == "write")
    gate.touch()
    assert pipeline.wait(run, executor) == Lengths(lengths=[1, 2, 1, 2])
    assert set(statuses(executor, run).values()) == {"ran"}
    until(lambda: "unit ell" in executor.get_logs(run))
    assert pipeline.execute(params, LocalExecutor(), words) == Lengths(lengths=[1, 2, 1, 2])


def test_a_run_that_finds_no_ray_says_so(toys: Toys) -> None:
    executor = RayPipelineExecutor("127.0.0.1:9")
    run = chain().submit({}, executor)
    with pytest.raises(ServiceUnreachable, match=r"No Ray cluster answers at 127\.0\.0\.1:9"):
        executor.wait(run)
    assert executor.get_progress(run).state == "crashed"


def test_the_page_is_true(toys: Toys) -> None:
    folder = toys.folder
    [listed] = [block for block in blocks("docs/pipelines.md", "yaml") if block.file]
    for block in blocks("docs/pipelines.md", "python"):
        if block.file:
            (folder / block.file).write_text(block.text)
    code = "from run_texts import *; print(ActionPipeline([write, ShoutAction, CountAction])"
    code += ".to_yaml(name='shouting', params={'times': 2}), end='')"
    for args in (["run_texts.py"], ["-c", code]):
        done = subprocess.run(
            [sys.executable, *args],
            capture_output=True,
            text=True,
            cwd=folder,
            env=toys.all(PYTHONPATH=f"{folder}:{toys.environment['PYTHONPATH']}"),
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout in ("characters=12\n", listed.text.partition("\n")[2])


def test_what_is_wrong_is_told_before_a_run_is_started(toys: Toys, executor: RayPipelineExecutor) -> None:
    with pytest.raises(ProfileError, match="expected a whole number"):
        chain().submit({"least": 10}, executor)
    with pytest.raises(UsageError, match="There is no such run"):
        executor.get_progress("never-submitted")
    away = RayPipelineExecutor("threads", pipeline_service_url="http://127.0.0.1:9/api")
    with pytest.raises(ServiceUnreachable, match="does not answer"):
        chain().submit({}, away)
    assert not Path(read_settings().home, "pipelines").exists()
