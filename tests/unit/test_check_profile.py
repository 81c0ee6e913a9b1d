"""Checking profiles: one test for each kind of fault, with what is said and where."""

from __future__ import annotations

import subprocess
import sys

import pytest

from flows.graph.check import check_profile
from flows.graph.planning import plan_profile
from flows.profiles.model import Profile, StageEntry
from stages.core import discovery
from stages.core.errors import ProfileError
from tests.unit.toys import GOOD, fault_of, faults_of, parse, toy
from tests.unit.toys import toys as toys


def test_a_profile_in_order_has_no_faults_and_no_warnings() -> None:
    plan, faults = check_profile(parse(GOOD))
    assert plan is not None
    assert faults == []


def test_all_faults_are_found_at_once_and_in_the_order_of_lines() -> None:
    text = toy("""
    - cut_pictures: {rate: 0, siez: 3}
    - read_word
    - {stage: find_names, config: {names: [Ada]}, needs: [sum_up], retries: -1}
    - {stage: sum_up, resources: {gpu: 1}}
    """)
    assert [(f.line, f.stage, f.field) for f in faults_of(text)] == [
        (4, "cut_pictures", "rate"),
        (4, "cut_pictures", "siez"),
        (5, "read_word", "stage"),
        (6, "find_names", "needs"),
        (6, "find_names", "retries"),
        (7, "sum_up", "resources.gpu"),
    ]
    with pytest.raises(
        ProfileError, match=r"^Profile 'toy' has 6 faults:\n  toy.yaml:4: stage 'cut_pictures', field 'rate'"
    ) as e:
        plan_profile(parse(text))
    assert e.value.context["faults"] == faults_of(text)


class TestStages:
    def test_an_unknown_stage(self) -> None:
        assert fault_of(toy("- cut_picture")).startswith(
            "toy.yaml:4: stage 'cut_picture', field 'stage': there is no stage 'cut_picture'; "
            "did you mean 'cut_pictures'? There are: "
        )

    def test_a_module_that_did_not_load_is_mentioned(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(discovery, "_faults", ["module 'mine' does not load: ImportError: no numpy"])
        assert fault_of(toy("- my_own")).endswith(" Not loaded: module 'mine' does not load: ImportError: no numpy.")

    def test_what_a_misspelt_stage_would_write_is_not_missed_as_well(self) -> None:
        assert fault_of(GOOD.replace("read_words", "read_word")).startswith(
            "toy.yaml:6: stage 'read_word', field 'stage'"
        )

    def test_a_stage_twice(self) -> None:
        assert fault_of(toy("- cut_pictures\n- sort_pictures\n- sort_pictures")) == (
            "toy.yaml:6: stage 'sort_pictures', field 'id': the stage 'sort_pictures' stands here twice; the first is "
            "above (line 5). Give this one an `id` of its own"
        )

    def test_an_id_twice(self) -> None:
        assert fault_of(toy("- cut_pictures\n- {stage: sort_pictures, id: cut_pictures}")) == (
            "toy.yaml:5: stage 'cut_pictures', field 'id': the id is taken; the first is above (line 4). "
            "Give this one an `id` of its own"
        )

    def test_an_id_that_is_an_input(self) -> None:
        assert fault_of(toy("- {stage: cut_pictures, id: clip}")) == (
            "toy.yaml:4: stage 'clip', field 'id': an input is called 'clip' too; give this entry another `id`"
        )

    @pytest.mark.parametrize("id", ["self", "wait_for", "return_state", "_mine", "model_cut"])
    def test_an_id_that_no_parameter_of_a_flow_can_have(self, id: str) -> None:
        assert f"field 'id': '{id}' " in fault_of(toy(f"- {{stage: cut_pictures, id: {id}}}"))
        two_inputs = faults_of(toy("- cut_pictures", inputs=f"{{clip: ToyClip, {id}: ToyClip}}"))
        assert f"field 'inputs.{id}': '{id}' " in str(two_inputs[0])

    def test_an_id_that_every_flow_has_as_a_parameter(self) -> None:
        assert fault_of(toy("- {stage: cut_pictures, id: refresh}")) == (
            "toy.yaml:4: stage 'refresh', field 'id': 'refresh' is a parameter of every flow; "
            "give this entry another `id`"
        )
        assert (
            "toy.yaml:2: field 'inputs.job_id': 'job_id' is a parameter of every flow; give the input another name"
            in (map(str, faults_of(toy("- cut_pictures", inputs="{clip: ToyClip, job_id: Toy}"))))
        )

    def test_a_profile_made_by_hand_has_no_lines(self) -> None:
        profile = Profile("made", (StageEntry("a", "cut_pictures"), StageEntry("b", "")))
        assert [str(fault) for fault in check_profile(profile)[1]][:1] == ["stage 'b', field 'stage': names no stage"]


class TestKeys:
    def test_a_key_that_no_entry_writes(self) -> None:
        assert fault_of(toy("- read_words", inputs="{}")) == (
            "toy.yaml:4: stage 'read_words', field 'reads.pictures': reads 'pictures', which no entry above it writes; "
            "stages that write it: cut_pictures, sort_pictures. There are no keys yet"
        )

    def test_a_key_that_only_an_entry_below_writes(self) -> None:
        assert str(faults_of(toy("- read_words\n- cut_pictures"))[0]) == (
            "toy.yaml:4: stage 'read_words', field 'reads.pictures': reads 'pictures', which no entry above it writes; "
            "'cut_pictures' below does: move it above this entry"
        )

    def test_a_key_that_only_a_switched_off_entry_writes(self) -> None:
        assert fault_of(toy("- {stage: cut_pictures, enabled: false}\n- read_words")) == (
            "toy.yaml:5: stage 'read_words', field 'reads.pictures': reads 'pictures', which no entry above it writes; "
            "'cut_pictures' does, but is switched off: enable it, or switch this entry off too"
        )

    def test_a_key_that_is_misspelt(self) -> None:
        assert fault_of(toy("- cut_pictures\n- stage: read_words\n  reads:\n    pictures: picture")) == (
            "toy.yaml:7: stage 'read_words', field 'reads.pictures': reads 'picture' (its 'pictures'), which no entry "
            "above it writes; did you mean 'pictures'? There are: clip, pictures"
        )

    def test_a_key_that_the_entry_itself_rewrites(self) -> None:
        assert fault_of(toy("- sort_pictures", inputs="{}")).endswith(
            "reads 'pictures', which no entry above it writes; it writes it itself, but needs a first one from above"
        )

    def test_an_optional_key_may_be_missing(self) -> None:
        plan = plan_profile(parse(toy("- sum_up", inputs="{findings: ToyWords}")))
        assert plan.stage("sum_up").reads.keys() == {"findings"}

    def test_an_optional_key_that_is_renamed_to_nothing_is_a_slip(self) -> None:
        text = toy("- {stage: sum_up, reads: {pictures: pics}}", inputs="{findings: ToyWords}")
        assert "reads 'pics' (its 'pictures'), which no entry above it writes" in fault_of(text)

    def test_a_renamed_key_that_the_stage_does_not_have(self) -> None:
        assert fault_of(toy("- stage: cut_pictures\n  writes: {picture: p}")) == (
            "toy.yaml:5: stage 'cut_pictures', field 'writes.picture': stage 'cut_pictures' writes no key 'picture' "
            "that could be renamed; did you mean 'pictures'? There are: pictures."
        )

    def test_two_writes_under_one_name(self) -> None:
        text = toy(
            "- stage: find_names\n  config: {names: [Ada]}\n  writes: {leftovers: findings}", inputs="{words: ToyWords}"
        )
        assert fault_of(text) == (
            "toy.yaml:6: stage 'find_names', field 'writes': 'findings' and 'leftovers' are both written as "
            "'findings'; give them different names"
        )


class TestTypes:
    def test_types_that_do_not_fit(self) -> None:
        assert fault_of(
            toy("- cut_pictures\n- {stage: find_names, config: {names: [Ada]}, reads: {words: pictures}}")
        ) == (
            "toy.yaml:5: stage 'find_names', field 'reads.words': reads 'pictures' as ToyWords, but entry "
            "'cut_pictures' writes it as ToyPictures"
        )

    def test_an_input_that_does_not_fit(self) -> None:
        assert fault_of(toy("- cut_pictures", inputs="{clip: ToyWords}")) == (
            "toy.yaml:4: stage 'cut_pictures', field 'reads.clip': reads 'clip' as ToyClip, but the input is ToyWords"
        )

    def test_a_derived_type_fits(self) -> None:
        assert faults_of(toy("- read_words", inputs="{pictures: ToyBestPictures}")) == []

    def test_an_input_without_a_type_fits_everywhere(self) -> None:
        assert faults_of(toy("- read_words", inputs="{pictures: }")) == []

    def test_an_unknown_type(self) -> None:
        fault = fault_of(
            "name: toy\ninputs:\n  clip: ToyClip\n  pictures: ToyPicture\nstages: [cut_pictures, read_words]\n"
        )
        assert fault.startswith(
            "toy.yaml:4: field 'inputs.pictures': there is no data type 'ToyPicture'; did you mean 'ToyPictures'? "
            "There are: "
        )


class TestOrder:
    def test_needs_of_what_is_not_there(self) -> None:
        assert fault_of(toy("- cut_pictures\n- {stage: sort_pictures, needs: [cut_picture]}")) == (
            "toy.yaml:5: stage 'sort_pictures', field 'needs': needs 'cut_picture', which is no entry; "
            "did you mean 'cut_pictures'? There are: cut_pictures."
        )

    def test_needs_that_point_down(self) -> None:
        assert fault_of(toy("- {stage: cut_pictures, needs: read_words}\n- read_words")) == (
            "toy.yaml:4: stage 'cut_pictures', field 'needs': needs 'read_words', which stands below it; "
            "move 'read_words' above this entry"
        )

    def test_needs_of_itself(self) -> None:
        assert fault_of(toy("- {stage: cut_pictures, needs: cut_pictures}")).endswith(
            "field 'needs': needs itself; `needs` names entries above this one"
        )


class TestSwitches:
    def test_nothing_left_to_run(self) -> None:
        assert fault_of(toy("- {stage: cut_pictures, enabled: false}")) == (
            "toy.yaml:3: field 'stages': every entry is switched off; enable one"
        )

    def test_what_is_wrong_with_a_switched_off_entry_is_a_warning(self) -> None:
        """Its stage may come with a plugin that is not installed here."""
        plan, (fault,) = check_profile(parse(toy("- cut_pictures\n- {stage: of_a_plugin, enabled: false}")))
        assert plan is not None
        assert (fault.severity, fault.line, fault.field) == ("warning", 5, "stage")

    def test_switches_and_settings_of_a_run_for_entries_that_are_not_there(self) -> None:
        changes = {"enabled": {"sort_picture": False}, "settings": {"cut_pictures": {"rate": 99}, "cut": {}}}
        assert [str(fault).split(". There")[0] for fault in faults_of(GOOD, **changes)] == [
            "stage 'sort_picture', field 'enabled': there is no entry 'sort_picture' in profile 'toy'; "
            "did you mean 'sort_pictures'? There are: cut_pictures, find_names, read_words, sort_pictures, sum_up.",
            "stage 'cut', field 'config': there is no entry 'cut' in profile 'toy'",
            "stage 'cut_pictures', field 'rate': found 99, expected a number, more than 0 and at most 60",
        ]


class TestWarnings:
    def test_a_value_that_is_written_anew_before_anybody_read_it(self) -> None:
        text = toy("- cut_pictures\n- {stage: cut_pictures, id: again}\n- read_words")
        (fault,) = faults_of(text)
        assert fault.severity == "warning"
        assert str(fault) == (
            "toy.yaml:4: stage 'cut_pictures', field 'writes': writes 'pictures', which entry 'again' writes anew "
            "before any entry reads it"
        )

    def test_a_value_that_no_later_entry_reads(self) -> None:
        (fault,) = faults_of(toy("- find_names: {names: [Ada]}\n- print_page", inputs="{words: ToyWords}"))
        assert fault.severity == "warning"
        assert str(fault) == (
            "toy.yaml:4: stage 'find_names', field 'writes': writes 'leftovers', which no later entry reads; "
            "it is kept as an output of the job"
        )

    def test_what_is_published_is_meant_for_people(self) -> None:
        text = toy("- print_page\n- sum_up", inputs="{findings: ToyWords}")
        assert faults_of(text) == []

    def test_what_another_entry_needs_is_there_for_what_it_does(self) -> None:
        second = "{stage: cut_pictures, id: again, writes: {pictures: others}, needs: cut_pictures}"
        assert faults_of(toy(f"- cut_pictures\n- {second}")) == []

    def test_an_input_that_no_entry_reads(self) -> None:
        (fault,) = faults_of("name: toy\ninputs:\n  clip: ToyClip\n  sound: Toy\nstages: [cut_pictures]\n")
        assert (str(fault), fault.severity) == (
            "toy.yaml:4: field 'inputs.sound': the input 'sound' is read by no entry",
            "warning",
        )


HEAVY = {"prefect", "ray", "boto3", "s3fs"}  # of the flows; of the stages:
HEAVY |= {"numpy", "cv2", "av", "rapidocr", "onnxruntime", "rapidfuzz", "pyarrow", "jinja2"}


@pytest.mark.parametrize("command", ["validate brand-exposure", "stages", "--help"])
def test_a_command_that_only_tells_imports_nothing_heavy(command: str) -> None:
    """It must answer at once: reading what stages declare costs none of the libraries that they work with."""
    program = f"""
import sys
from deployments.command import main
sys.argv = ["stagewright", *{command.split()}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(sorted({HEAVY} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
