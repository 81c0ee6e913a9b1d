"""Reading profiles: the forms that an entry may have, where profiles are found, and what is said of a wrong file."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.load import list_profiles, load_profile, parse_profile
from flows.model import StageEntry
from flows.profile_files import SHIPPED
from stages.core.errors import ProfileError
from tests.unit.toys import GOOD, fault_of, faults_of, parse, toy
from tests.unit.toys import toys as toys


def refused(text: str, file: str = "toy.yaml") -> str:
    """The whole message of a text that is refused."""
    with pytest.raises(ProfileError) as raised:
        parse_profile(text, file)
    return str(raised.value)


class TestForms:
    def test_an_entry_is_a_name(self) -> None:
        assert parse(toy("- sort_pictures")).stages == (StageEntry("sort_pictures", "sort_pictures"),)

    def test_an_entry_is_a_pair_of_name_and_settings(self) -> None:
        (entry,) = parse(toy("- cut_pictures: {rate: 5}")).stages
        assert entry == StageEntry("cut_pictures", "cut_pictures", {"rate": 5})

    def test_a_pair_without_settings_is_as_good_as_the_name(self) -> None:
        (entry,) = parse(toy("- cut_pictures:")).stages
        assert entry == StageEntry("cut_pictures", "cut_pictures")

    def test_an_entry_in_long_form_can_say_everything(self) -> None:
        (_, entry) = parse(
            toy("""
            - cut_pictures
            - stage: read_words
              id: words_again
              config: {}
              reads: {pictures: best}
              writes: {words: more_words}
              needs: cut_pictures
              resources: {cpus: 2, memory: 4 GB}
              retries: 1
              timeout: 90
              enabled: no
            """)
        ).stages
        assert entry == StageEntry(
            id="words_again",
            stage="read_words",
            reads={"pictures": "best"},
            writes={"words": "more_words"},
            needs=("cut_pictures",),
            resources={"cpus": 2, "memory": "4 GB"},
            retries=1,
            timeout=90,
            enabled=False,
        )

    def test_every_part_knows_its_line(self) -> None:
        profile = parse(GOOD)
        assert profile.lines["inputs.clip"] == 2
        assert profile.stages[0].lines == {"": 4, "config": 4, "config.rate": 4}
        assert profile.stages[3].place("config.names.0") == ("toy.yaml", 7)
        assert profile.stages[4].place("reads.findings") == ("toy.yaml", 8), "what is not written stands in its entry"

    def test_words_stay_words(self) -> None:
        """YAML 1.1 would make booleans, dates and base-60 numbers of these."""
        (entry,) = parse(toy("- find_names: {names: [NO, On, yes, 12:30, 2026-11-21, 010, 1_000]}")).stages
        assert entry.config["names"] == ["NO", "On", "yes", "12:30", "2026-11-21", 10, "1_000"]

    def test_numbers_are_those_of_yaml_1_2(self) -> None:
        (entry,) = parse(toy("- x: {a: 1e3, b: 0x10, c: 0o10, d: .5, e: -2, f: ~, g: true, h: '5'}")).stages
        assert entry.config == {"a": 1000.0, "b": 16, "c": 8, "d": 0.5, "e": -2, "f": None, "g": True, "h": "5"}

    def test_an_alias_repeats_what_its_anchor_says(self) -> None:
        one, two = parse(
            toy("- find_names: {names: &names [Ada]}\n- {stage: find_names, id: b, config: {names: *names}}")
        ).stages
        assert one.config == two.config == {"names": ["Ada"]}

    def test_the_file_gives_the_name_where_nothing_else_does(self) -> None:
        assert parse_profile("stages: [sort_pictures]", "folder/night-run.yaml").name == "night-run"


class TestFaultsOfForm:
    def test_an_unknown_key_of_the_profile(self) -> None:
        assert fault_of(toy("- cut_pictures", lable="Toys")) == (
            "toy.yaml:3: field 'lable': unknown key 'lable' of a profile; did you mean 'label'? "
            "Known are: name, label, description, inputs, stages, extends"
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


class TestFiles:
    def write(self, folder: Path, **texts: str) -> None:
        for name, text in texts.items():
            (folder / f"{name}.yaml").write_text(text)

    def test_a_shipped_profile_is_found_by_its_name(self) -> None:
        profile = load_profile("brand-exposure")
        assert [entry.id for entry in profile.stages] == [
            "extract_frames",
            "filter_scenes",
            "read_text",
            "match_brands",
            "track_exposures",
            "compile_report",
        ]
        assert profile.inputs == {"video": "Video"}

    @pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
    def test_a_shipped_profile_is_called_like_its_file(self, path: Path) -> None:
        assert load_profile(path).name == path.stem

    def test_a_profile_is_found_in_a_folder_of_ones_own(self, tmp_path: Path) -> None:
        self.write(tmp_path, toy=GOOD)
        assert load_profile("toy", [tmp_path]).file == str(tmp_path / "toy.yaml")

    def test_a_profile_is_found_by_what_it_calls_itself(self, tmp_path: Path) -> None:
        self.write(tmp_path, other=GOOD)
        assert load_profile("toy", [tmp_path]) == load_profile("other", [tmp_path])

    def test_a_profile_is_a_file_anywhere(self, tmp_path: Path) -> None:
        self.write(tmp_path, toy=GOOD)
        assert load_profile(str(tmp_path / "toy.yaml")).name == "toy"
        assert load_profile(tmp_path / "toy.yaml").name == "toy"

    def test_a_byte_order_mark_is_no_fault(self, tmp_path: Path) -> None:
        (tmp_path / "toy.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
        assert load_profile(tmp_path / "toy.yaml").name == "toy"

    def test_an_unknown_name(self) -> None:
        with pytest.raises(
            ProfileError,
            match=r"There is no profile 'brand_exposur'; did you mean 'brand-exposure'\? There are: .*brand-e",
        ):
            load_profile("brand_exposur")

    @pytest.mark.parametrize("name", ["..", "../toy", "/etc/passwd", "a\0b", "", "~root/x.yaml", "a" * 5000])
    def test_a_name_that_is_a_way_out_is_just_not_there(self, name: str, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        self.write(tmp_path, toy=GOOD)
        with pytest.raises(ProfileError):
            load_profile(name, [tmp_path / "folder"])

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (b"name: a\n\x89PNG\x00", "toy.yaml:2: is not a text file; it has zero bytes"),
            (b"name: a\n\n\xff\xfe", "toy.yaml:3: is not UTF-8 text (byte 0xff)"),
            (b"#" * 1_000_001, "toy.yaml:1: is larger than 1,000,000 bytes, which no profile needs"),
            (b"", "toy.yaml:1: is empty"),
        ],
    )
    def test_a_file_that_is_no_text(self, data: bytes, said: str, tmp_path: Path) -> None:
        (tmp_path / "toy.yaml").write_bytes(data)
        with pytest.raises(ProfileError) as raised:
            load_profile(tmp_path / "toy.yaml")
        assert said in str(raised.value)

    def test_a_file_that_is_not_there(self) -> None:
        with pytest.raises(ProfileError, match=r"nowhere/toy\.yaml: there is no such file"):
            load_profile("nowhere/toy.yaml")

    def test_a_folder_is_no_profile(self, tmp_path: Path) -> None:
        with pytest.raises(ProfileError, match="is a folder; name a file in it"):
            load_profile(tmp_path)

    def test_the_list_has_ones_own_before_the_shipped_and_broken_ones_with_their_fault(self, tmp_path: Path) -> None:
        self.write(tmp_path, good="label: Fine\n" + GOOD, bad="name: bad\nstages: 5\n")
        bad, good, *shipped = list_profiles([tmp_path])
        assert (bad.name, bad.fault) == (
            "bad",
            f"{tmp_path}/bad.yaml:2: field 'stages': found 5, expected a list; put '- ' before each entry",
        )
        assert (good.name, good.label, good.file, good.fault) == ("toy", "Fine", str(tmp_path / "good.yaml"), None)
        assert "brand-exposure" in [info.name for info in shipped]

    def test_a_name_twice_is_told(self, tmp_path: Path) -> None:
        self.write(tmp_path, **{"brand-exposure": GOOD.replace("name: toy", "name: brand-exposure")})
        first, second = [info for info in list_profiles([tmp_path]) if info.name == "brand-exposure"]
        assert first.hidden_by is None
        assert second.hidden_by == first.file == str(tmp_path / "brand-exposure.yaml")
        assert load_profile("brand-exposure", [tmp_path]).file == first.file


class TestExtends:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "toy.yaml").write_text("label: Toys\n" + GOOD)
        return tmp_path

    def extended(self, folder: Path, text: str) -> list[tuple[str, dict[str, object]]]:
        (folder / "mine.yaml").write_text(text)
        return [(entry.id, dict(entry.config)) for entry in load_profile(folder / "mine.yaml").stages]

    def refused(self, folder: Path, text: str) -> str:
        (folder / "mine.yaml").write_text(text)
        with pytest.raises(ProfileError) as raised:
            load_profile(folder / "mine.yaml")
        return str(raised.value).replace(str(folder), "…")

    def test_settings_are_joined_field_by_field(self, folder: Path) -> None:
        text = "extends: toy\nstages:\n  - cut_pictures: {size: 640}\n  - find_names: {threshold: 90, names: [Bo]}\n"
        assert self.extended(folder, text) == [
            ("cut_pictures", {"rate": 5, "size": 640}),
            ("sort_pictures", {}),
            ("read_words", {}),
            ("find_names", {"names": ["Bo"], "threshold": 90}),
            ("sum_up", {}),
        ]

    def test_the_heading_is_taken_over_or_replaced(self, folder: Path) -> None:
        (folder / "mine.yaml").write_text("extends: toy.yaml\ndescription: Mine\n")
        mine = load_profile("mine", [folder])
        assert (mine.name, mine.label, mine.description, mine.inputs) == ("mine", "Toys", "Mine", {"clip": "ToyClip"})

    def test_new_entries_are_put_at_the_end_or_where_they_say(self, folder: Path) -> None:
        text = """\
extends: toy
stages:
  - {stage: sort_pictures, id: sort_again, after: sort_pictures}
  - {stage: sort_pictures, id: sort_first, before: sort_pictures}
  - print_page
"""
        assert [id for id, _ in self.extended(folder, text)] == [
            "cut_pictures",
            "sort_first",
            "sort_pictures",
            "sort_again",
            "read_words",
            "find_names",
            "sum_up",
            "print_page",
        ]

    def test_an_entry_is_switched_off_by_its_id_alone(self, folder: Path) -> None:
        self.extended(folder, "extends: toy\nstages:\n  - {id: sort_pictures, enabled: false}\n")
        assert [e.id for e in load_profile("mine", [folder]).stages if not e.enabled] == ["sort_pictures"]

    def test_the_short_form_may_name_an_id(self, folder: Path) -> None:
        self.extended(folder, "extends: toy\nstages:\n  - {stage: sort_pictures, id: again, after: sort_pictures}\n")
        (folder / "third.yaml").write_text("extends: mine\nstages:\n  - again: {}\n  - {id: again, retries: 3}\n")
        with pytest.raises(
            ProfileError, match=r"third\.yaml:4: stage 'again', field 'id': the stage '?.*twice|the id is taken"
        ):
            load_profile(folder / "third.yaml")
        (folder / "third.yaml").write_text("extends: mine\nstages:\n  - again\n")
        again = load_profile(folder / "third.yaml").entry("again")
        assert again is not None
        assert again.stage == "sort_pictures"

    def test_another_stage_under_an_id_starts_with_its_own_settings(self, folder: Path) -> None:
        text = "extends: toy\nstages:\n  - {id: cut_pictures, stage: sort_pictures}\n"
        assert self.extended(folder, text)[0] == ("cut_pictures", {})

    def test_a_fault_stands_in_the_file_that_has_it(self, folder: Path) -> None:
        (folder / "toy.yaml").write_text(GOOD.replace("rate: 5", "rate: 500"))
        text = "extends: toy\nstages:\n  - cut_pictures: {size: 1}\n  - colour\n  - 5\n"
        lines = self.refused(folder, text).splitlines()[1:]
        assert [line.strip().split(": found")[0].split(": there")[0] for line in lines] == [
            "…/mine.yaml:3: stage 'cut_pictures', field 'size'",
            "…/mine.yaml:4: stage 'colour', field 'stage'",
            "…/mine.yaml:5: field 'stages'",
            "…/toy.yaml:4: stage 'cut_pictures', field 'rate'",
        ]

    def test_ones_own_may_extend_the_shipped_one_that_it_hides(self, tmp_path: Path) -> None:
        (tmp_path / "brand-exposure.yaml").write_text("extends: brand-exposure\nlabel: Ours\n")
        profile = load_profile("brand-exposure", [tmp_path])
        assert (profile.label, len(profile.stages)) == ("Ours", 6)

    def test_a_circle(self, folder: Path) -> None:
        (folder / "toy.yaml").write_text("extends: mine\n")
        assert (
            "…/toy.yaml:1: field 'extends': the profiles extend one another in a circle: "
            "mine.yaml -> toy.yaml -> mine.yaml" in (self.refused(folder, "extends: toy\n"))
        )

    def test_itself(self, folder: Path) -> None:
        assert (
            "…/mine.yaml:1: field 'extends': the profiles extend one another in a circle: mine.yaml -> mine.yaml"
            in (self.refused(folder, "extends: mine.yaml\n"))
        )

    def test_a_parent_that_is_not_there(self, folder: Path) -> None:
        assert "field 'extends': there is no profile 'brand-exposur'; did you mean 'brand-exposure'? There are:" in (
            self.refused(folder, "extends: brand-exposur\n")
        )
        assert "field 'extends': there is no file 'base.yaml' beside this one" in self.refused(
            folder, "extends: base.yaml\n"
        )

    @pytest.mark.parametrize(
        "extends", ["../toy.yaml", "/etc/hosts.yaml", "..\\toy.yaml", "a/../../toy.yaml", "link.yaml"]
    )
    def test_a_parent_outside_the_folder(self, extends: str, folder: Path) -> None:
        inner = folder / "inner"
        inner.mkdir()
        (inner / "link.yaml").symlink_to(folder / "toy.yaml")
        (inner / "mine.yaml").write_text(f"extends: {extends}\n")
        with pytest.raises(
            ProfileError, match="leaves the folder of this profile; put the file beside it, or name a profile"
        ):
            load_profile(inner / "mine.yaml")

    def test_a_text_in_no_file_can_extend_by_name_only(self) -> None:
        assert parse_profile("name: a\nextends: brand-exposure\n").entry("read_text") is not None
        with pytest.raises(
            ProfileError, match=r"'toy\.yaml' is relative to a file, and this text is in none; name a profile"
        ):
            parse_profile("name: a\nextends: toy.yaml\n")

    def test_an_entry_to_stand_beside_one_that_is_not_there(self, folder: Path) -> None:
        text = "extends: toy\nstages:\n  - {stage: print_page, after: sum}\n"
        assert (
            "…/mine.yaml:3: stage 'print_page', field 'after': there is no entry 'sum' to stand after; "
            "did you mean 'sum_up'?" in (self.refused(folder, text))
        )

    def test_an_id_that_the_parent_does_not_have(self, folder: Path) -> None:
        text = "extends: toy\nstages:\n  - {id: sort_picture, enabled: false}\n"
        assert (
            "…/mine.yaml:3: stage 'sort_picture', field 'stage': an entry without `stage:`, and 'toy' has no entry "
            "'sort_picture'; did you mean 'sort_pictures'?"
        ) in self.refused(folder, text)
