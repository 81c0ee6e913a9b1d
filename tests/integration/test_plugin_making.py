"""Plugins made and packed on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.core.digests import digest_of
from stages.plugins.package import unpack_package
from tests.integration.driving import in_process
from tests.unit.plugin_folders import PluginFolders


def test_a_plugin_is_checked_and_packed_wherever_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = PluginFolders(tmp_path)
    folder, name = folders.write("alpha"), f"{folders.code('alpha')}-0.1.0.zip"
    monkeypatch.chdir(folder)
    told = in_process("plugin", "package", "--json").json
    data = (folder / name).read_bytes()
    assert (told["code"], told["digest"], told["bytes"]) == (folders.code("alpha"), digest_of(data), len(data))
    assert told["files"] == ["config.yaml", "plugin/count.py", "plugin/words.py"]
    assert told["path"] == str(folder / name)
    again = in_process("plugin", "package", str(folder), "--output", str(tmp_path / "out" / "words.zip"))
    assert again.out.endswith(f"{told['digest']}\n")
    assert (tmp_path / "out" / "words.zip").read_bytes() == data
    assert (unpack_package(data, tmp_path / "there") / "plugin" / "count.py").is_file()
    inside = in_process("plugin", "package", "--output", "plugin/words.zip")
    assert inside.code == 2
    assert "in its next package" in inside.err


def test_a_plugin_with_faults_is_not_packed(tmp_path: Path) -> None:
    folder = PluginFolders(tmp_path).write("beta", {"plugin/count.py": "def count(:\n"})
    refused = in_process("plugin", "package", str(folder), "--output", str(tmp_path / "out.zip"), "--json")
    assert refused.code == 2
    assert [fault["line"] for fault in refused.json["faults"] if fault["file"].endswith("count.py")] == [1]
    assert not (tmp_path / "out.zip").exists()


def test_a_plugin_is_made_checked_and_packed_without_a_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = in_process("plugin", "create", "my-words", "--category", "custom", "--name", "My words", "--json").json
    assert (told["code"], told["name"], told["category"]) == ("my-words", "My words", "custom")
    assert told["folder"] == str(tmp_path / "my-words")
    assert "plugin/count.py" in told["files"]
    checked = in_process("plugin", "check", "my-words", "--import")
    assert (checked.code, checked.out) == (0, "my-words: can be used; 1 action.\n")
    assert in_process("plugin", "package", "my-words").code == 0
    again = in_process("plugin", "create", "my-words", "--category", "custom", "--json")
    assert again.code == 2
    assert "nothing of it is overwritten" in again.json["error"]
    nameless = in_process("plugin", "create", "other", "--json")
    assert nameless.code == 2
    assert "--category neural_net | export" in nameless.json["error"]
