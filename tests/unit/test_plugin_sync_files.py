"""The file of a plugin's config: made where there is none, replaced whole, left where it cannot be read."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from stages.core.errors import PluginError
from stages.plugins.check import check_plugin
from stages.plugins.config_file import load_config
from stages.plugins.config_sync import SyncReport, sync_config
from tests.unit.words_plugin import ODD, make_words, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_words(tmp_path)


class TestFiles:
    def test_a_folder_without_a_config_gets_one(self, folder: Path) -> None:
        report = sync_config(folder)
        assert (report.added, report.changed) == (("count", "more"), True)
        config = load_config(folder)
        assert (config.name, config.code, list(config.actions)) == ("words", "words", ["count", "more"])
        assert check_plugin(folder) == []
        assert sync_config(folder) == SyncReport()

    @pytest.mark.parametrize("name", ["9 lives", "żółw", "a'b\"c\\d", "--", "A__b"])
    def test_whatever_the_folder_is_called(self, folder: Path, name: str) -> None:
        folder = folder.rename(folder.parent / name)
        sync_config(folder)
        assert load_config(folder).name == name

    def test_a_folder_that_holds_plugins_gets_none(self, folder: Path) -> None:
        sync_config(folder)
        with pytest.raises(PluginError, match=r"holds plugins \(words\) and is none itself; name one of them"):
            sync_config(folder.parent)
        assert [path.name for path in folder.parent.iterdir()] == ["words"]
        (folder / "config.yaml").write_text("of: something else\n")
        assert sync_config(folder.parent).added == ("count", "more")

    @pytest.mark.parametrize(
        ("name", "told"),
        [("settings.yaml", "settings.yaml: there is no such file"), ("config.yaml", "name is too long")],
    )
    def test_only_a_config_of_a_name_that_can_be_is_made(self, folder: Path, name: str, told: str) -> None:
        folder = folder.rename(folder.parent / ("w" * 65))
        with pytest.raises(PluginError, match=told):
            sync_config(folder / name)
        assert [path.name for path in folder.iterdir()] == ["plugin"]

    def test_a_dry_run_makes_none_and_says_that_it_would(self, folder: Path) -> None:
        report = sync_config(folder, dry_run=True)
        assert (report.added, report.changed) == (("count", "more"), True)
        assert [path.name for path in folder.iterdir()] == ["plugin"]

    def test_the_folder_of_wheels_is_passed_over_as_the_config_says(self, folder: Path) -> None:
        write(folder, "name: W\ncode: w\nwheels_dir: plugin\n")
        assert sync_config(folder) == SyncReport()

    def test_a_folder_without_actions_gets_none(self, tmp_path: Path) -> None:
        with pytest.raises(PluginError, match=r"a plugin's folder needs a config\.yaml"):
            sync_config(tmp_path)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("name: W\nname: V\ncode: w\n", r"config\.yaml:2: the key 'name' stands here twice"),
            ("name: [\n", r"config\.yaml:\d: cannot be read as YAML"),
            ("name: !!python/none\n", r"config\.yaml:1: the tag"),
            ("- a\n", r"config\.yaml:1: expected a mapping"),
            ("name: W\nactions: [a]\n", r"config\.yaml:2: field 'actions': expected a mapping"),
            ("", r"config\.yaml:1: is empty"),
            ("name: \0\n", "has zero bytes"),
        ],
    )
    def test_what_cannot_be_read_is_refused_and_left(self, folder: Path, text: str, told: str) -> None:
        file = write(folder, text)
        with pytest.raises(PluginError, match=told):
            sync_config(folder)
        assert file.read_bytes() == text.encode()

    def test_the_rights_of_the_file_are_kept_and_nothing_is_left_beside_it(self, folder: Path) -> None:
        file = write(folder, ODD)
        file.chmod(0o640)
        sync_config(file)
        assert file.stat().st_mode & 0o777 == 0o640
        assert sorted(path.name for path in folder.iterdir()) == ["config.yaml", "plugin"]

    def test_a_link_is_written_through_inside_the_folder_only(self, folder: Path) -> None:
        (folder / "real.yaml").write_text(ODD)
        (folder / "config.yaml").symlink_to("real.yaml")
        assert sync_config(folder).changed
        assert (folder / "config.yaml").is_symlink()
        outside = folder.parent / "outside.yaml"
        outside.write_text(ODD)
        (folder / "config.yaml").unlink()
        (folder / "config.yaml").symlink_to(outside)
        with pytest.raises(PluginError, match="is a link that leads out of its folder"):
            sync_config(folder)
        assert outside.read_text() == ODD

    def test_a_disk_that_takes_no_more(self, folder: Path) -> None:
        file = write(folder, ODD)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
        try:
            with pytest.raises(PluginError, match="cannot be written: File too large"):
                sync_config(folder)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert file.read_text() == ODD
        assert sorted(path.name for path in folder.iterdir()) == ["config.yaml", "plugin"]
