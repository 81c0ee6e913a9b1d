"""Settings, resources and limits of a profile's entries: what is found wrong with them, in words."""

from __future__ import annotations

import pytest

from flows.graph.planning import plan_profile
from tests.unit.toys import GOOD, Cutting, fault_of, faults_of, parse, toy
from tests.unit.toys import toys as toys


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "field", "said"),
        [
            ("rate: 0", "rate", "found 0, expected a number, more than 0 and at most 60"),
            ("rate: 61", "rate", "found 61, expected a number, more than 0 and at most 60"),
            ("rate: fast", "rate", "found 'fast', expected a number, more than 0 and at most 60"),
            ("rate: true", "rate", "found true, expected a number, more than 0 and at most 60"),
            ("size: true", "size", "found true, expected a whole number, at least 16 and at most 4096"),
            ("rate: [1]", "rate", "found [1], expected a number, more than 0 and at most 60"),
            ("rate:", "rate", "found nothing, expected a number, more than 0 and at most 60"),
            ("size: 99.5", "size", "found 99.5, expected a whole number, at least 16 and at most 4096"),
            ("size: 8", "size", "found 8, expected a whole number, at least 16 and at most 4096"),
            ("mode: exakt", "mode", "found 'exakt', expected 'fast' or 'exact'; did you mean 'exact'?"),
            ("grey: maybe", "grey", "found 'maybe', expected true or false"),
        ],
    )
    def test_a_setting_out_of_what_it_may_be(self, settings: str, field: str, said: str) -> None:
        assert fault_of(toy(f"- cut_pictures:\n    {settings}")) == (
            f"toy.yaml:5: stage 'cut_pictures', field {field!r}: {said}"
        )

    @pytest.mark.parametrize(
        ("settings", "field", "said"),
        [
            ("names: []", "names", "found [], expected at least 1 item(s)"),
            ("names: Ada", "names", "found 'Ada', expected a list of texts"),
            ("names: [Ada, 5]", "names.1", "found 5, expected a text"),
            ("names: [Ada]\n    code: ab1", "code", "found 'ab1', expected a text of the form ^[A-Z]{2}[0-9]$"),
            ("names: [Ada]\n    tolerance: 3", "tolerance", "found 3, expected a mapping"),
            ("names: [Ada]\n    tolerance: {letters: -1}", "tolerance.letters", "found -1, expected"),
            (
                "names: [Ada]\n    tolerance: {words: 1}",
                "tolerance.words",
                "there is no setting 'words' here; leave it out",
            ),
        ],
    )
    def test_settings_with_parts(self, settings: str, field: str, said: str) -> None:
        text = toy(f"- find_names:\n    {settings}\n", inputs="{words: ToyWords}")
        assert f"stage 'find_names', field {field!r}: {said}" in fault_of(text)

    def test_an_item_of_a_list_knows_its_line(self) -> None:
        text = toy("- find_names:\n    names:\n      - Ada\n      - 5", inputs="{words: ToyWords}")
        assert fault_of(text) == "toy.yaml:7: stage 'find_names', field 'names.1': found 5, expected a text"

    def test_an_unknown_setting(self) -> None:
        assert fault_of(toy("- cut_pictures: {siez: 3}")) == (
            "toy.yaml:4: stage 'cut_pictures', field 'siez': stage 'cut_pictures' has no such setting; "
            "did you mean 'size'? It has: rate, size, mode, grey"
        )

    def test_a_setting_for_a_stage_that_has_none(self) -> None:
        assert fault_of(toy("- cut_pictures\n- sort_pictures: {by: size}")) == (
            "toy.yaml:5: stage 'sort_pictures', field 'by': stage 'sort_pictures' has no settings; leave it out"
        )

    def test_a_required_setting(self) -> None:
        assert fault_of(toy("- find_names", inputs="{words: ToyWords}")) == (
            "toy.yaml:4: stage 'find_names', field 'names': is required and has no default; give a list of texts"
        )

    def test_a_number_without_end(self) -> None:
        """No key of a checkpoint could be made of it."""
        assert fault_of(toy("- cut_pictures: {rate: 1e999}")).startswith(
            "toy.yaml:4: '1e999' is nothing that a profile"
        )
        endless = {"find_names": {"tolerance": {"letters": float("inf")}}}
        assert str(faults_of(GOOD, settings=endless)[0]) == (
            "stage 'find_names', field 'tolerance': found {'letters': inf}, "
            "expected finite numbers only, whole ones of at most 64 bits"
        )

    def test_a_number_that_no_database_holds(self) -> None:
        """Prefect's server fails to list runs that were given one."""
        assert "expected finite numbers only, whole ones of at most 64 bits" in fault_of(
            toy(f"- cut_pictures: {{size: {2**63}}}")
        )

    def test_a_number_written_as_text_is_taken_as_one(self) -> None:
        """As `--set` and environment variables give them."""
        assert plan_profile(parse(toy("- cut_pictures: {rate: '5'}"))).stage("cut_pictures").config == Cutting(rate=5)


class TestLimits:
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ("retries: -1", "field 'retries': found -1, expected 0 or more (how often to try again)"),
            ("timeout: 0", "field 'timeout': found 0, expected more than 0 seconds"),
            ("resources: {cpu: 1}", "field 'resources.cpu': there is no resource 'cpu'; did you mean 'cpus'?"),
            ("resources: {cpus: -1}", "field 'resources.cpus': found -1, expected a number, at least 0"),
            ("resources: {cpus: many}", "field 'resources.cpus': found 'many', expected a number, at least 0"),
            ("resources: {gpus: 1.5}", "field 'resources.gpus': found 1.5, expected a whole number, or a share of one"),
            (
                "resources: {memory: much}",
                "field 'resources.memory': found 'much', expected bytes, or a text like '4 GB'",
            ),
            (
                "resources: {custom: 1}",
                "field 'resources.custom': found 1, expected amounts by name, like {decoder: 1}",
            ),
            (
                "resources: {custom: {tpu: no}}",
                "field 'resources.custom.tpu': found 'no', expected a number, at least 0",
            ),
        ],
    )
    def test_a_limit_out_of_range(self, given: str, said: str) -> None:
        fault = fault_of(toy(f"- stage: cut_pictures\n  {given}"))
        assert fault.startswith("toy.yaml:5: stage 'cut_pictures', ")
        assert said in fault
