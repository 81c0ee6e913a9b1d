"""What is said of a profile that is not written as one: every fault in its line."""

from __future__ import annotations

import pytest

from flows.load import parse_profile
from stages.core.errors import ProfileError
from tests.unit.toys import fault_of, faults_of, toy
from tests.unit.toys import toys as toys


def refused(text: str) -> str:
    """The whole message of a text that is refused."""
    with pytest.raises(ProfileError) as raised:
        parse_profile(text, "toy.yaml")
    return str(raised.value)


class TestFaultsOfForm:
    def test_an_unknown_key_of_the_profile(self) -> None:
        assert fault_of(toy("- cut_pictures", lable="Toys")) == (
            "toy.yaml:3: field 'lable': unknown key 'lable' of a profile; did you mean 'label'? "
            "Known are: name, label, description, inputs, stages, extends, deploy"
        )

    def test_an_unknown_key_of_an_entry(self) -> None:
        assert fault_of(toy("- stage: cut_pictures\n  retrys: 3")).startswith(
            "toy.yaml:5: stage 'cut_pictures', field 'retrys': unknown key 'retrys' of an entry (settings of the stage "
            "belong under `config:`); did you mean 'retries'? Known are: stage, id, config,"
        )

    def test_a_key_twice(self) -> None:
        """PyYAML alone would silently keep the last."""
        assert fault_of(toy("- cut_pictures:\n    rate: 1\n    size: 99\n    rate: 3")) == (
            "toy.yaml:7: the key 'rate' stands here twice; it is also in line 5"
        )

    def test_settings_that_are_not_indented(self) -> None:
        assert fault_of(toy("- cut_pictures:\n  rate: 3")) == (
            "toy.yaml:4: stage 'cut_pictures': 'cut_pictures' and 'rate' stand side by side in one entry, which is not "
            "a pair `name: settings`; indent 'rate' deeper than 'cut_pictures', if they are its settings"
        )

    def test_a_pair_with_keys_of_the_long_form(self) -> None:
        assert fault_of(toy("- cut_pictures: {rate: 3}\n  retries: 3")).endswith(
            "write `stage: cut_pictures` with its settings under `config:`"
        )

    def test_a_long_form_that_names_no_stage(self) -> None:
        text = toy("- cut_pictures\n- {retries: 3, timeout: 1}")
        assert fault_of(text) == (
            "toy.yaml:5: field 'stage': an entry with retries, timeout but without `stage:`; say which stage"
        )

    def test_an_id_without_a_stage(self) -> None:
        assert "toy.yaml:4: stage 'again', field 'stage': an entry without `stage:`; say which stage" in map(
            str, faults_of(toy("- {id: again, retries: 3}"))
        )

    @pytest.mark.parametrize(
        ("entry", "said"),
        [
            ("- 5", "field 'stages': found 5, expected an entry"),
            ("- [cut_pictures]", "field 'stages': found a list, expected an entry"),
            ("- cut_pictures: 5", "stage 'cut_pictures': found 5, expected the stage's settings as a mapping"),
            ("- {stage: cut_pictures, id: 5}", "field 'id': found 5, expected a text; put it in quotes"),
            ("- {stage: cut_pictures, id: a-b}", "field 'id': 'a-b' is not an identifier"),
            ("- {stage: cut_pictures, id: class}", "field 'id': 'class' is not an identifier"),
            ("- {stage: cut_pictures, config: [1]}", "field 'config': found a list, expected a mapping of settings"),
            ("- {stage: cut_pictures, reads: {clip: a.b}}", "field 'reads.clip': 'a.b' is not an identifier"),
            (
                "- {stage: cut_pictures, reads: clip}",
                "field 'reads': found 'clip', expected a mapping of the stage's own",
            ),
            ("- {stage: cut_pictures, retries: two}", "field 'retries': found 'two', expected a whole number"),
            ("- {stage: cut_pictures, timeout: 1 h}", "field 'timeout': found '1 h', expected a number"),
            ("- {stage: cut_pictures, enabled: maybe}", "field 'enabled': found 'maybe', expected true or false"),
            ("- {stage: cut_pictures, needs: [[a]]}", "field 'needs': found a list, expected a text"),
            ("- {stage: cut_pictures, after: x}", "field 'after': `after` places an entry among those of an extended"),
        ],
    )
    def test_a_part_of_the_wrong_kind(self, entry: str, said: str) -> None:
        fault = fault_of(toy(entry))
        assert fault.startswith("toy.yaml:4: ")
        assert said in fault

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "toy.yaml:1: is empty; a profile needs at least `name:` and `stages:`"),
            ("# nothing yet\n", "toy.yaml:1: is empty; a profile needs at least `name:` and `stages:`"),
            ("- a\n- b\n", "toy.yaml:1: found a list, expected a profile: a mapping with `name:` and `stages:`"),
            ("cut_pictures", "toy.yaml:1: found 'cut_pictures', expected a profile: a mapping"),
            ("name: a\n", "toy.yaml:1: field 'stages': has no stages; list them under `stages:`"),
            ("name: a\nstages: []\n", "toy.yaml:2: field 'stages': has no stages; list them under `stages:`"),
            (
                "name: a\nstages:\n  sort_pictures:\n",
                "toy.yaml:2: field 'stages': found a mapping, expected a list; put '- '",
            ),
            (
                "name: a b\nstages: [x]",
                "toy.yaml:1: field 'name': 'a b' is no name: letters, digits, and single '-' or",
            ),
            ("name: ../a\nstages: [x]", "toy.yaml:1: field 'name': '../a' is no name"),
            ("name: a\nlabel: [x]\nstages: [x]", "toy.yaml:2: field 'label': found a list, expected a text"),
            (
                "name: a\ninputs: [clip]\nstages: [x]",
                "toy.yaml:2: field 'inputs': found a list, expected a mapping of keys",
            ),
            ("name: a\ninputs: {a-b: Toy}\nstages: [x]", "toy.yaml:2: field 'inputs.a-b': 'a-b' is not an identifier"),
        ],
    )
    def test_a_document_that_is_no_profile(self, text: str, said: str) -> None:
        assert said in refused(text)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (
                "name: a\nstages:\n\t- b\n",
                "toy.yaml:3: cannot be read as YAML (column 1): a tab stands where the line is",
            ),
            ("name: a\nstages: [b\n", "toy.yaml:3: cannot be read as YAML (column 1): expected ',' or ']'"),
            ("name: a\nlabel: b: c\n", "toy.yaml:2: cannot be read as YAML (column 9): a ':' is not allowed here"),
            ("name: a\nlabel: *b\n", "toy.yaml:2: cannot be read as YAML (column 8): found undefined alias 'b'"),
            ("name: a\n---\nname: b\n", "toy.yaml:2: cannot be read as YAML (column 1): a second document begins here"),
            ("name: a\n? [b]\n: c\n", "toy.yaml:2: a key must be a word; this one is a list or a mapping"),
            (
                "name: !!python/name:os.system a\n",
                "toy.yaml:1: the tag 'tag:yaml.org,2002:python/name:os.system' has no",
            ),
            ("name: !secret a\n", "toy.yaml:1: the tag '!secret' has no meaning in a profile"),
            ("name: a\nlabel: !!int b\n", "toy.yaml:2: 'b' is nothing that a profile can hold as a whole number"),
            ('name: a\n"b\\0": c\n', "toy.yaml:2: 'b\\x00' is nothing that a profile can hold as text"),
            ("name: a\nlabel: .nan\n", "toy.yaml:2: '.nan' is nothing that a profile can hold as a number"),
            ('name: a\nlabel: "\\0"\n', "toy.yaml:2: '\\x00' is nothing that a profile can hold as text"),
            ('name: a\nlabel: "\\ud800"\n', "toy.yaml:2: '\\ud800' is nothing that a profile can hold as text"),
            ("name: a\nlabel: \x07\n", "toy.yaml:2: has a character that text cannot have (U+0007)"),
            ("a: &a {b: c}\nname:\n  <<: *a\n", "toy.yaml:3: merge keys (<<) have no meaning in a profile"),
            ("name: &a [*a]\n", "toy.yaml:1: has an alias (*name) that stands inside what it refers to"),
            ("a: " + "[" * 60 + "]" * 60, "toy.yaml:1: is nested more than 40 levels deep"),
            ("a: " + "[" * 100_000, "toy.yaml:1: is nested more than 40 levels deep"),
            ("a:\n" + "- 1\n" * 30_000, "has more than 20000 values"),
            ("a: 1\n" + "#" * 1_000_000, "toy.yaml:1: is larger than 1,000,000 bytes, which no profile needs"),
        ],
    )
    def test_what_cannot_be_read_as_yaml(self, text: str, said: str) -> None:
        assert said in refused(text)

    def test_aliases_that_multiply(self) -> None:
        """Ten levels of ten references each would be ten thousand million values."""
        levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
        assert "grows to more than 20000 values through its aliases (*name)" in refused("\n".join(levels))

    def test_all_faults_are_told_at_once_those_of_form_and_those_of_the_graph(self) -> None:
        message = refused(
            "name: toy\ninputs: {clip: ToyClip}\ncolour: red\nstages:\n  - cut_picture\n  - cut_pictures: {rate: 0}\n"
        )
        assert message.splitlines()[0] == "Profile 'toy' has 3 faults:"
        assert [line.split(": ")[0].strip() for line in message.splitlines()[1:]] == [
            "toy.yaml:3",
            "toy.yaml:5",
            "toy.yaml:6",
        ]
