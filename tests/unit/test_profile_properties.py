"""What holds of every profile: random graphs with random renaming of keys, against the plainest model of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flows.graph.check import check_profile
from flows.graph.plan import Plan, Source
from flows.graph.plan_json import plan_json
from flows.graph.planning import plan_profile
from flows.graph.schema import profile_schema
from flows.load import parse_profile
from flows.profiles.model import Profile, StageEntry
from stages.core import registry
from stages.core.definition import StageDefinition, StageIO
from stages.core.errors import ProfileError
from tests.unit.toys import GOOD, register_toys

slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""No deadline: what is measured here is correctness, and the first example also loads the stages."""

KEYS = ["alpha", "beta", "gamma", "delta"]
INPUTS = ["alpha", "beta"]


@pytest.fixture(autouse=True, scope="module")
def nodes() -> Iterator[None]:
    """Stages `node_R_W` that read R keys (in0, in1…; the last one optional) and write W (out0, out1…)."""
    registry.list_stages()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_stages", dict(registry._stages))
        register_toys()
        for reads in range(4):
            for writes in range(3):
                names = [f"in{i}" for i in range(reads)]
                io = StageIO(names[:-1], [f"out{i}" for i in range(writes)], names[-1:])
                registry.register_stage(StageDefinition(f"node_{reads}_{writes}", "Node", "", io, fn=dict))
        yield


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Profiles in order: every required read is a key that stands above, though switches may be off."""
    entries: list[StageEntry] = []
    above = list(INPUTS)
    for place in range(draw(st.integers(1, 8))):
        entry = draw(entries_below(place, above, [entry.id for entry in entries]))
        entries.append(entry)
        if entry.enabled:
            above = list(dict.fromkeys([*above, *entry.writes.values()]))
    entries.append(StageEntry("last", "node_0_1", writes={"out0": "end"}))
    return Profile("random", tuple(entries), inputs=dict.fromkeys(INPUTS, ""), file="random.yaml")


@st.composite
def entries_below(draw: st.DrawFn, place: int, above: list[str], ids: list[str]) -> StageEntry:
    """An entry that can stand below these keys and ids."""
    reads, writes = draw(st.integers(0, 3)), draw(st.integers(0, 2))
    read = [draw(st.sampled_from(above)) for _ in range(reads)]
    written = draw(st.lists(st.sampled_from(KEYS), min_size=writes, max_size=writes, unique=True))
    return StageEntry(
        id=f"entry{place}",
        stage=f"node_{reads}_{writes}",
        reads={f"in{i}": key for i, key in enumerate(read)},
        writes={f"out{i}": key for i, key in enumerate(written)},
        needs=tuple(draw(st.lists(st.sampled_from(ids), max_size=2, unique=True))) if ids else (),
        retries=draw(st.none() | st.integers(0, 3)),
        timeout=draw(st.none() | st.floats(0.5, 100)),
        enabled=draw(st.booleans() | st.just(True)),
    )


def nearest_writers(profile: Profile) -> dict[tuple[str, str], Source]:
    """(id, own key) -> where it comes from, found by walking up from every reader."""
    found = {}
    for place, entry in enumerate(profile.stages):
        for own, key in entry.reads.items() if entry.enabled else ():
            for writer in reversed([e for e in profile.stages[:place] if e.enabled]):
                named = next((o for o, k in writer.writes.items() if k == key), None)
                if named is not None:
                    found[entry.id, own] = Source(writer.id, named)
                    break
            else:
                if key in profile.inputs:
                    found[entry.id, own] = Source(None, key)
    return found


def sources(plan: Plan) -> dict[tuple[str, str], Source]:
    """(id, own key) -> where the plan has it from."""
    return {(stage.id, own): source for stage in plan.stages for own, source in stage.reads.items()}


def planned(profile: Profile) -> Plan:
    """The plan of a profile that is known to be in order."""
    plan, faults = check_profile(profile)
    assert plan is not None, faults
    return plan


@given(profiles())
@slow
def test_every_reader_gets_the_nearest_writer_above_it(profile: Profile) -> None:
    assert sources(planned(profile)) == nearest_writers(profile)


@given(profiles())
@slow
def test_every_stage_stands_below_all_it_waits_for(profile: Profile) -> None:
    done: set[str] = set()
    for stage in planned(profile).stages:
        assert stage.upstream <= done
        done.add(stage.id)
    assert done == {entry.id for entry in profile.stages if entry.enabled}


@given(profiles())
@slow
def test_edges_are_the_reads_and_outputs_are_what_no_edge_takes(profile: Profile) -> None:
    plan = planned(profile)
    reads = sorted((s.stage or "", id, profile.entry(id).reads[own]) for (id, own), s in sources(plan).items())
    assert sorted((edge.source or "", edge.target, edge.key) for edge in plan.edges) == reads
    last = {key: Source(e.id, own) for e in profile.stages if e.enabled for own, key in e.writes.items()}
    assert plan.outputs == {key: s for key, s in last.items() if s not in sources(plan).values()}


@given(profiles(), st.data())
@slow
def test_switching_an_entry_off_changes_only_where_its_readers_read(profile: Profile, data: st.DataObject) -> None:
    before = planned(profile)
    off = data.draw(st.sampled_from([stage.id for stage in before.stages]))
    after, faults = check_profile(profile, enabled={off: False})
    if after is None:
        readers = {id for (id, _), source in sources(before).items() if source.stage == off}
        assert {f.stage for f in faults if f.severity == "error"} - {None} <= readers
        return
    kept = {at: source for at, source in sources(before).items() if at[0] != off and source.stage != off}
    assert kept.items() <= sources(after).items()
    assert {at for at in sources(after) if at not in kept} <= {
        at for at, s in sources(before).items() if s.stage == off
    }


@given(profiles())
@slow
def test_switches_of_a_run_are_as_good_as_those_of_the_file(profile: Profile) -> None:
    enabled = {entry.id: not entry.enabled for entry in profile.stages}
    on_paper = Profile(
        profile.name,
        tuple(StageEntry(**{**vars(entry), "enabled": enabled[entry.id]}) for entry in profile.stages),
        inputs=profile.inputs,
    )
    given_to_the_run, _ = check_profile(profile, enabled=enabled)
    written, _ = check_profile(on_paper)
    assert (given_to_the_run is None) == (written is None)
    if written is not None and given_to_the_run is not None:
        assert sources(given_to_the_run) == sources(written)


@given(profiles())
@slow
def test_the_json_of_a_plan_survives_being_written(profile: Profile) -> None:
    plan, faults = check_profile(profile)
    made = plan_json(profile, plan, faults)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert [stage["id"] for stage in made["stages"]] == [entry.id for entry in profile.stages]


def as_yaml(profile: Profile) -> str:
    """The text of a profile, with every entry in its long form."""
    fields = ("id", "stage", "config", "reads", "writes", "needs", "retries", "timeout", "enabled")
    entries = [{name: _listed(getattr(entry, name)) for name in fields} for entry in profile.stages]
    return yaml.safe_dump({"name": profile.name, "inputs": dict(profile.inputs), "stages": entries}, sort_keys=False)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@given(profiles())
@slow
def test_a_profile_that_is_written_down_reads_as_the_same(profile: Profile) -> None:
    text = as_yaml(profile).replace("alpha: ''", "alpha:").replace("beta: ''", "beta:")
    read = parse_profile(text, "random.yaml")
    assert read == profile
    lines = text.splitlines()
    assert all(f"id: {entry.id}" in lines[entry.lines[""] - 1] for entry in read.stages)


@pytest.fixture(scope="module")
def validator(nodes: None) -> Draft202012Validator:
    """The schema with the nodes and the toys in it."""
    return Draft202012Validator(profile_schema())


@given(profiles())
@slow
def test_what_is_in_order_pleases_the_schema(validator: Draft202012Validator, profile: Profile) -> None:
    document = yaml.safe_load(as_yaml(profile).replace("alpha: ''", "alpha:").replace("beta: ''", "beta:"))
    assert list(validator.iter_errors(document)) == []


floats = st.floats(allow_nan=False, allow_infinity=False)  # JSON, which a schema is about, has no others
scalars = st.none() | st.booleans() | st.integers(-5, 5000) | floats | st.text(max_size=5)
values = scalars | st.lists(scalars, max_size=2) | st.sampled_from(["fast", "exact", "5", "yes"])


@given(st.dictionaries(st.sampled_from(["rate", "size", "mode", "grey", "colour"]), values, max_size=3))
@settings(slow, max_examples=200)
def test_settings_that_please_the_schema_please_the_stage(
    validator: Draft202012Validator, config: dict[str, Any]
) -> None:
    """Not the other way round: a stage takes '5' for 5, and the schema wants a number."""
    document = {"name": "toy", "inputs": {"clip": "ToyClip"}, "stages": [{"cut_pictures": config}]}
    profile = Profile("toy", (StageEntry("cut_pictures", "cut_pictures", config),), inputs={"clip": "ToyClip"})
    if validator.is_valid(document):
        plan_profile(profile)


pieces = st.sampled_from([": ", "\n", "\n  ", "- ", "[", "]", "{", "}", ",", "'", "|", "#", "\t", "---\n", "\x00", "é"])
words = st.sampled_from(["stage", "config", "id", "after", "extends", "toy", "&a ", "*a", "!!int ", "<<", "5", "true"])


@st.composite
def spoilt_texts(draw: st.DrawFn) -> str:
    """A good profile in which pieces are cut out and others put in."""
    text = draw(st.sampled_from([GOOD, "extends: brand-exposure\nstages: [{id: read_text, enabled: no}]\n", ""]))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(start + 8, len(text))))
        text = text[:start] + draw(pieces | words | st.just("")) + text[end:]
    return text


@given(spoilt_texts())
@settings(slow, max_examples=500)
def test_any_text_is_a_profile_or_is_refused_with_a_line(text: str) -> None:
    try:
        parse_profile(text, "text.yaml")
    except ProfileError as error:
        faults = error.context["faults"]
        assert faults
        assert all(fault.line and fault.line <= text.count("\n") + 1 for fault in faults), faults
