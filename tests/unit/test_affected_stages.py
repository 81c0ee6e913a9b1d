"""Random graphs and changes: exactly the affected stages run, and a change that writes the same stops there."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.graph.planning import plan_profile
from flows.jobs.job import open_job
from flows.jobs.stage_work import StageWork
from flows.profiles.model import Profile, StageEntry
from flows.settings import Settings
from stages import DetectState, StageConfigField, StageDefinition, StageIO, register_stage
from stages.core.blobs import BlobStore
from stages.core.results import StageResult
from tests.unit.harness import make_blobs

WIDEST = 3


def _definition(width: int) -> StageDefinition:
    """A stage with `width` reads. It writes what its reads and `step` come to; `silent` changes nothing in that."""

    def run(state: DetectState) -> dict[str, Any]:
        return {"out": [sum(state[key][0] for key in state) + state.config.step]}

    return register_stage(
        StageDefinition(
            name=f"affected_{width}",
            label="",
            description="",
            io=StageIO([f"in_{i}" for i in range(width)], ["out"]),
            config_fields=[StageConfigField("step", "int", 0), StageConfigField("silent", "int", 0)],
            fn=run,
        )
    )


for _width in range(WIDEST + 1):
    _definition(_width)


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    """For each stage the stages before it that it reads."""
    count = draw(st.integers(1, 9))
    return [
        draw(st.lists(st.integers(0, stage - 1), max_size=WIDEST, unique=True)) if stage else []
        for stage in range(count)
    ]


def _profile(graph: list[list[int]], steps: list[int], silent: dict[int, int]) -> Profile:
    entries = [
        StageEntry(
            id=f"s{stage}",
            stage=f"affected_{len(reads)}",
            config={"step": steps[stage], "silent": silent.get(stage, 0)},
            reads={f"in_{i}": f"v{source}" for i, source in enumerate(reads)},
            writes={"out": f"v{stage}"},
        )
        for stage, reads in enumerate(graph)
    ]
    return Profile("random", tuple(entries))


def _ran(profile: Profile, blobs: BlobStore, folder: Path) -> set[int]:
    """The stages that ran: of a whole run, in the order of the plan."""
    job = open_job(plan_profile(profile), "job", {}, Settings(home=folder), blobs)
    results: dict[str, StageResult] = {}
    for planned in job.plan.stages:
        work = StageWork(job, planned, refresh=False)
        results[planned.id] = work.run(results, logging.getLogger("test"))
    job.place.close()
    return {int(id[1:]) for id, result in results.items() if not result.kept}


def _below(graph: list[list[int]], stage: int) -> set[int]:
    found = {stage}
    for later, reads in enumerate(graph):
        if found & set(reads):
            found.add(later)
    return found


@settings(max_examples=60, deadline=None)
@given(graphs(), st.data())
def test_a_change_runs_its_stage_and_all_that_depends_on_it_and_nothing_else(graph: list[list[int]], data: Any) -> None:
    # Steps are powers of two of their own, so that no two values of the graph are ever equal by chance.
    steps = [7**stage for stage in range(len(graph))]
    with tempfile.TemporaryDirectory() as folder:
        blobs = make_blobs(Path(folder))
        assert _ran(_profile(graph, steps, {}), blobs, Path(folder)) == set(range(len(graph)))
        assert _ran(_profile(graph, steps, {}), blobs, Path(folder)) == set()
        changed = data.draw(st.integers(0, len(graph) - 1))
        steps[changed] = 7 ** (len(graph) + 3)
        assert _ran(_profile(graph, steps, {}), blobs, Path(folder)) == _below(graph, changed)


@settings(max_examples=30, deadline=None)
@given(graphs(), st.data())
def test_a_change_that_writes_the_same_runs_one_stage(graph: list[list[int]], data: Any) -> None:
    steps = [7**stage for stage in range(len(graph))]
    with tempfile.TemporaryDirectory() as folder:
        blobs = make_blobs(Path(folder))
        _ran(_profile(graph, steps, {}), blobs, Path(folder))
        changed = data.draw(st.integers(0, len(graph) - 1))
        assert _ran(_profile(graph, steps, {changed: 1}), blobs, Path(folder)) == {changed}


@settings(max_examples=30, deadline=None)
@given(graphs(), st.data())
def test_a_lost_envelope_runs_its_stage_alone(graph: list[list[int]], data: Any) -> None:
    steps = [7**stage for stage in range(len(graph))]
    with tempfile.TemporaryDirectory() as folder:
        blobs = make_blobs(Path(folder))
        _ran(_profile(graph, steps, {}), blobs, Path(folder))
        keys = list(blobs.store.list("results/"))
        blobs.store.delete(data.draw(st.sampled_from(keys)))
        assert len(_ran(_profile(graph, steps, {}), blobs, Path(folder))) == 1
