"""Plugins from templates: in order as they are made, and never over something that is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages.core.errors import UsageError
from stages.plugins import PluginCategory, PluginDiscovery
from stages.plugins.check import check_plugin
from stages.plugins.config_file import load_config
from stages.plugins.config_sync import sync_config
from stages.plugins.create import create_plugin
from stages.plugins.package import package_plugin


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plugin of each category, in folders that are called so."""
    folder = tmp_path_factory.mktemp("made")
    for category in PluginCategory:
        create_plugin(folder / category.value, category)
    return folder


@pytest.mark.parametrize("category", PluginCategory)
def test_each_is_in_order_as_it_is_made(made: Path, category: PluginCategory) -> None:
    folder = made / category.value
    assert check_plugin(folder) == []
    assert not sync_config(folder, dry_run=True).changed
    config = load_config(folder)
    assert (config.category, config.code) == (category, category.value)
    plugin = PluginDiscovery.from_path(folder)
    assert plugin.list_actions()
    for action in plugin.list_actions():
        assert plugin.get_action_definition(action).category == category
        assert plugin.get_action_ui_schema(action)
    assert {"README.md", "requirements.txt", "config.yaml"} <= set(package_plugin(folder).files)
    assert f"{category.value}.{plugin.list_actions()[0]}" in (folder / "README.md").read_text()


def test_the_tests_of_each_pass_and_its_code_is_clean(made: Path) -> None:
    """All at once, as pytest takes longer to start than to run them; those of a plugin alone run as well."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "STAGEWRIGHT"))}
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    done = subprocess.run([*pytest_, *map(str, made.iterdir())], cwd=made, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "12 passed" in done.stdout
    ruff = [sys.executable, "-m", "ruff"]
    rules = Path(__file__).parents[2] / "pyproject.toml"
    for check in (["check", "--ignore", "I001,S101"], ["format", "--check"]):
        held = subprocess.run([*ruff, *check, "--config", str(rules), str(made)], capture_output=True, text=True)
        assert held.returncode == 0, held.stdout


@pytest.mark.parametrize("name", ["Quotes \" and '", "A: b # c", "$code ${x} \\n", "日本語", "- list", "null"])
def test_a_name_may_be_anything_in_words(tmp_path: Path, name: str) -> None:
    made = create_plugin(tmp_path / "words", "custom", name=name, code="words")
    assert load_config(made.folder).name == name == made.name
    assert check_plugin(made.folder) == []


@pytest.mark.parametrize(
    ("folder", "code"), [("My Plugin!", "my-plugin"), ("my_plugin", "my_plugin"), ("a -_- b", "a-b"), ("Ünïx2", "n-x2")]
)
def test_the_code_is_made_of_the_folders_name(tmp_path: Path, folder: str, code: str) -> None:
    assert create_plugin(tmp_path / folder, "Custom").code == code
    assert load_config(tmp_path / folder).code == code


@pytest.mark.parametrize(
    ("folder", "how", "told"),
    [
        ("x", {"category": "neural"}, "There is no category 'neural'; did you mean 'neural_net'?"),
        ("x", {"code": "../x"}, "found '../x', expected letters, digits"),
        ("x", {"code": ""}, "code: "),
        ("x", {"name": " "}, "name: is "),
        ("日本", {}, "code: "),
        ("1x", {}, "found '1x', expected letters"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_written(
    tmp_path: Path, folder: str, how: dict[str, str], told: str
) -> None:
    with pytest.raises(UsageError) as refused:
        create_plugin(tmp_path / folder, how.pop("category", "custom"), **how)
    assert told in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_nothing_that_is_there_is_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    place = tmp_path / "words"
    if there == "file":
        place.write_text("mine")
    elif there == "link":
        place.symlink_to(tmp_path / "elsewhere")
    else:
        place.mkdir()
        (place / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is there already, and nothing of it is overwritten"):
        create_plugin(place, "custom")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert there != "folder" or [path.name for path in place.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_filled_and_stays_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "words").mkdir()
    monkeypatch.chdir(tmp_path / "words")
    assert create_plugin(".", "custom").code == "words"
    assert Path("config.yaml").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["words"]
