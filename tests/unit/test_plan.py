"""The plan of a profile: where every value comes from, what remains at the end, and how it looks as JSON."""

from __future__ import annotations

import json

import pytest

from flows.graph.check import check_profile
from flows.graph.plan import Edge, Plan, Source
from flows.graph.plan_json import palette_json, plan_json
from flows.graph.planning import plan_profile
from flows.profiles.model import Profile
from stages.core import discovery
from stages.core.decorator import stage
from stages.core.definition import Resources, StageDefinition, StageIO
from stages.core.registry import register_stage
from tests.unit.toys import GOOD, Cutting, Finding, Tolerance, ToyClip, parse, toy
from tests.unit.toys import toys as toys


def plan_of(text: str) -> Plan:
    """The plan of a text that is in order."""
    return plan_profile(parse(text))


class TestWiring:
    def test_a_reader_gets_what_the_nearest_writer_above_it_wrote(self) -> None:
        plan = plan_of(GOOD)
        assert plan.stage("cut_pictures").reads == {"clip": Source(None, "clip")}
        assert plan.stage("sort_pictures").reads == {"pictures": Source("cut_pictures", "pictures")}
        assert plan.stage("sum_up").reads["pictures"] == Source("sort_pictures", "pictures")

    def test_edges_name_the_key_and_its_type(self) -> None:
        assert plan_of(GOOD).edges[:3] == (
            Edge(None, "cut_pictures", "clip", "ToyClip"),
            Edge("cut_pictures", "sort_pictures", "pictures", "ToyPictures"),
            Edge("sort_pictures", "read_words", "pictures", "ToyPictures"),
        )

    def test_outputs_are_what_no_later_stage_reads(self) -> None:
        assert plan_of(GOOD).outputs == {"summary": Source("sum_up", "summary")}

    def test_renamed_keys_are_joined_by_their_new_names_and_known_by_their_own(self) -> None:
        plan = plan_of(
            toy("""
            - {stage: cut_pictures, writes: {pictures: rough}}
            - {stage: sort_pictures, reads: {pictures: rough}, writes: {pictures: best}}
            - {stage: read_words, reads: {pictures: best}}
            """)
        )
        assert plan.stage("sort_pictures").reads == {"pictures": Source("cut_pictures", "pictures")}
        assert plan.stage("read_words").reads == {"pictures": Source("sort_pictures", "pictures")}
        assert [edge.key for edge in plan.edges] == ["clip", "rough", "best"]

    def test_the_same_stage_twice_side_by_side(self) -> None:
        plan = plan_of(
            toy("""
            - cut_pictures
            - read_words
            - {stage: read_words, id: again, writes: {words: more}}
            - {stage: find_names, config: {names: [Ada]}, reads: {words: more}}
            """)
        )
        assert plan.stage("again").upstream == plan.stage("read_words").upstream == {"cut_pictures"}
        assert plan.stage("find_names").upstream == {"again"}

    def test_an_input_may_be_written_anew(self) -> None:
        plan = plan_of(toy("- sort_pictures\n- read_words", inputs="{pictures: ToyPictures}"))
        assert plan.stage("sort_pictures").reads["pictures"] == Source(None, "pictures")
        assert plan.stage("read_words").reads["pictures"] == Source("sort_pictures", "pictures")

    def test_needs_wait_for_what_is_not_read(self) -> None:
        plan = plan_of(toy("- cut_pictures\n- read_words\n- {stage: sort_pictures, needs: read_words}"))
        assert plan.stage("sort_pictures").after == ("read_words",)
        assert plan.stage("sort_pictures").upstream == {"cut_pictures", "read_words"}

    def test_a_bare_definition_takes_part(self) -> None:
        register_stage(
            StageDefinition("count", "Count", "", StageIO(["words"], ["total"]), fn=lambda state: {"total": 1})
        )
        plan = plan_of(toy("- count", inputs="{words: ToyWords}"))
        assert plan.edges == (Edge(None, "count", "words", "ToyWords"),)
        assert plan.outputs == {"total": Source("count", "total")}


class TestStages:
    def test_settings_are_checked_and_complete(self) -> None:
        assert plan_of(GOOD).stage("cut_pictures").config == Cutting(rate=5, size=960, mode="fast", grey=False)

    def test_retries_timeout_and_resources_are_the_stages_own_unless_the_profile_says_otherwise(self) -> None:
        plan = plan_of(toy("- cut_pictures\n- {stage: cut_pictures, id: again, retries: 0, timeout: 5}\n- read_words"))
        assert (plan.stage("cut_pictures").retries, plan.stage("cut_pictures").timeout) == (2, 60)
        assert (plan.stage("again").retries, plan.stage("again").timeout) == (0, 5)

    @pytest.mark.parametrize(
        ("given", "memory"), [("1000", 1000), ("4 GB", 4 * 10**9), ("1.5GiB", 3 * 2**29), ("512m", 512 * 10**6)]
    )
    def test_resources_replace_one_by_one(self, given: str, memory: int) -> None:
        @stage(writes=["ash"], resources=Resources(cpus=4, custom={"decoder": 1}))
        def burn(clip: ToyClip) -> dict[str, int]: ...

        plan = plan_of(toy(f"- {{stage: burn, resources: {{gpus: 0.5, memory: {given}, custom: {{fan: 2}}}}}}"))
        assert plan.stage("burn").resources == Resources(
            cpus=4, gpus=0.5, memory=memory, custom={"decoder": 1, "fan": 2}
        )


class TestSwitches:
    def test_readers_of_a_switched_off_entry_get_the_earlier_value(self) -> None:
        plan = plan_profile(parse(GOOD), enabled={"sort_pictures": False})
        assert [stage.id for stage in plan.stages] == ["cut_pictures", "read_words", "find_names", "sum_up"]
        assert plan.stage("read_words").reads["pictures"] == Source("cut_pictures", "pictures")

    def test_an_entry_does_not_wait_for_one_that_is_switched_off(self) -> None:
        text = toy("- cut_pictures\n- {stage: sort_pictures, enabled: no}\n- {stage: read_words, needs: sort_pictures}")
        assert plan_of(text).stage("read_words").after == ()

    def test_an_entry_that_is_off_can_be_switched_on(self) -> None:
        profile = parse(GOOD.replace("- sort_pictures", "- {stage: sort_pictures, enabled: false}"))
        assert plan_profile(profile).profile.entry("sort_pictures").enabled is False
        assert plan_profile(profile, enabled={"sort_pictures": True}).stage("sort_pictures").entry.enabled is True


class TestSettingsOfARun:
    def test_a_mapping_replaces_field_by_field(self) -> None:
        plan = plan_profile(parse(GOOD), settings={"cut_pictures": {"size": 640}})
        assert plan.stage("cut_pictures").config == Cutting(rate=5, size=640)
        assert plan.profile.entry("cut_pictures").config == {"rate": 5, "size": 640}

    def test_of_a_model_those_fields_count_that_were_given(self) -> None:
        plan = plan_profile(parse(GOOD), settings={"cut_pictures": Cutting(size=640)})
        assert plan.stage("cut_pictures").config == Cutting(rate=5, size=640)

    def test_a_nested_part_is_replaced_whole(self) -> None:
        given = Finding(names=["Bo"], tolerance=Tolerance(letters=3))
        config = plan_profile(parse(GOOD), settings={"find_names": given}).stage("find_names").config
        assert config == Finding(names=["Bo"], tolerance=Tolerance(letters=3, ignore_case=True))

    def test_the_profile_itself_stays_as_it_is(self) -> None:
        profile = parse(GOOD)
        plan_profile(profile, enabled={"sort_pictures": False}, settings={"cut_pictures": {"rate": 1}})
        assert profile == parse(GOOD)


class TestJson:
    def shown(self, profile: Profile, **changes: object) -> dict:
        plan, faults = check_profile(profile, **changes)
        made = plan_json(profile, plan, faults)
        assert json.loads(json.dumps(made, allow_nan=False)) == made
        return made

    def test_an_editor_can_draw_a_plan(self) -> None:
        made = self.shown(parse(GOOD))
        assert made["inputs"] == {"clip": "ToyClip"}
        assert made["outputs"] == {"summary": {"stage": "sum_up", "key": "summary"}}
        assert made["faults"] == []
        assert made["edges"][0] == {"source": None, "target": "cut_pictures", "key": "clip", "type": "ToyClip"}
        assert made["stages"][0] == {
            "id": "cut_pictures",
            "stage": "cut_pictures",
            "label": "Cut pictures",
            "category": "toys",
            "enabled": True,
            "config": {"rate": 5.0, "size": 960, "mode": "fast", "grey": False},
            "reads": {"clip": {"from": None, "input": True, "key": "clip", "type": "ToyClip", "optional": False}},
            "writes": {"pictures": {"key": "pictures", "type": "ToyPictures"}},
            "after": [],
            "resources": {"cpus": 1, "gpus": 0, "memory": 0, "memory_growth": 1, "custom": {}},
            "retries": 2,
            "timeout": 60,
        }

    def test_a_read_that_nothing_answers_comes_from_nowhere(self) -> None:
        made = self.shown(parse(toy("- sum_up", inputs="{findings: ToyWords}")))
        assert made["stages"][0]["reads"]["pictures"] == {
            "from": None,
            "input": False,
            "key": "pictures",
            "type": "ToyPictures",
            "optional": True,
        }

    def test_switched_off_entries_are_shown_without_edges(self) -> None:
        made = self.shown(parse(GOOD), enabled={"sort_pictures": False})
        assert [stage["enabled"] for stage in made["stages"]] == [True, False, True, True, True]
        assert "sort_pictures" not in {edge["target"] for edge in made["edges"]}

    def test_a_profile_with_faults_is_drawn_as_far_as_it_is_known(self) -> None:
        made = self.shown(parse(GOOD.replace("rate: 5", "rate: 0").replace("read_words", "read_word")))
        assert [(fault["stage"], fault["line"]) for fault in made["faults"]] == [("cut_pictures", 4), ("read_word", 6)]
        assert made["stages"][0]["config"] == {"rate": 0}
        assert {"source": "read_word", "target": "find_names", "key": "words", "type": "ToyWords"} in made["edges"]

    def test_the_palette_has_stages_by_category_with_their_fields(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(discovery, "_faults", ["module 'mine' does not load: ImportError: no numpy"])
        made = palette_json()
        assert json.loads(json.dumps(made, allow_nan=False)) == made
        toys_shown = {shown["name"]: shown for shown in made["palette"]["toys"]}
        cut = toys_shown["cut_pictures"]
        assert cut["io"] == {"reads": ["clip"], "writes": ["pictures"], "optional_reads": []}
        assert cut["types"] == {"reads": {"clip": "ToyClip"}, "writes": {"pictures": "ToyPictures"}}
        assert cut["fields"][0] == {
            "name": "rate",
            "type": "float",
            "default": 2,
            "description": "Pictures a second",
            "min": 0,
            "max": 60,
            "options": None,
        }
        assert toys_shown["find_names"]["schema"]["$defs"].keys() == {"Tolerance"}
        assert {"name": "ToyBestPictures", "description": "", "format": "json", "parents": ["ToyPictures", "Toy"]} in (
            made["data_types"]
        )
        assert made["faults"] == ["module 'mine' does not load: ImportError: no numpy"]

    def test_settings_that_json_has_no_word_for_are_shown_as_text(self) -> None:
        assert self.shown(parse(toy("- warm")))["stages"][0]["config"] == {"kinds": ["a"], "made_by": "<class 'int'>"}
