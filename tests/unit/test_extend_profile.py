"""Profiles that extend others: what is joined, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.load import load_profile, parse_profile
from stages.core.errors import ProfileError
from tests.unit.toys import GOOD
from tests.unit.toys import toys as toys


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
        assert (profile.label, len(profile.stages)) == ("Ours", len(load_profile("brand-exposure").stages))

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
        message = self.refused(folder, "extends: brand-exposur\nstages:\n  - {id: read_text, enabled: no}\n")
        assert message.startswith(
            "Profile '…/mine.yaml' has 1 fault:\n  …/mine.yaml:1: field 'extends': there is no profile "
            "'brand-exposur'; did you mean 'brand-exposure'? There are:"
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
