"""Reading profiles: the forms that an entry may have, where profiles are found, and files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.load import list_profiles, load_profile, parse_profile
from flows.profiles.model import StageEntry
from flows.profiles.profile_files import SHIPPED
from stages.core.errors import ProfileError
from tests.unit.toys import GOOD, parse, toy
from tests.unit.toys import toys as toys


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


class TestFiles:
    def write(self, folder: Path, **texts: str) -> None:
        for name, text in texts.items():
            (folder / f"{name}.yaml").write_text(text)

    def test_a_shipped_profile_is_found_by_its_name(self) -> None:
        profile = load_profile("brand-exposure")
        assert [entry.id for entry in profile.stages] == [
            "extract_frames",
            "find_text",
            "follow_text",
            "read_text",
            "match_brands",
            "crop_regions",
            "escalate",
            "track_exposures",
            "compile_report",
        ]
        assert [entry.id for entry in profile.stages if not entry.enabled] == ["crop_regions", "escalate"]
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
