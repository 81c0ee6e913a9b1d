"""What a plugin needs where its stages run, as its files say it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from flows.places.here import Here
from flows.places.place import Surroundings
from flows.places.plugin_needs import PluginNeeds, own_variables
from stages.core.blobs import BlobStore
from stages.core.errors import UsageError
from stages.plugins import PluginDiscovery
from stages.plugins.config_file import load_config
from stages.plugins.needs import lacking, runtime_env_of
from tests.unit.plugin_folders import PluginFolders

ACTIONS = "actions:\n  count: {entrypoint: plugin.count:CountAction}\n"


@pytest.fixture
def folders(tmp_path: Path) -> PluginFolders:
    return PluginFolders(tmp_path)


def plugin(folders: PluginFolders, requires: str | None = None, config: str = "") -> Path:
    """A plugin's folder."""
    folder = folders.write("needy", config=config + ACTIONS)
    if requires is not None:
        (folder / "requirements.txt").write_text(requires)
    return folder


def needs(folder: Path, given: dict[str, Any] | None = None, wheels: str | None = None) -> dict[str, Any]:
    """What its runtime_env is."""
    return runtime_env_of(load_config(folder), folder, given, wheels)


class TestRuntimeEnv:
    def test_nothing_is_asked_where_nothing_is_needed(self, folders: PluginFolders) -> None:
        assert needs(plugin(folders)) == {}
        folder = plugin(folders, "# nothing yet\n\n")
        assert needs(folder) == {}
        assert PluginNeeds().of(PluginDiscovery.from_path(folder).get_action_definition("count")) == {}

    def test_packages_by_the_plugins_manager_with_its_options(self, folders: PluginFolders) -> None:
        folder = plugin(folders, "numpy>=2  # arrays\n# torch\n\npillow\n")
        assert needs(folder) == {"pip": {"packages": ["numpy>=2", "pillow"]}}
        folder = plugin(folders, "pillow\n", "package_manager: uv\npackage_manager_options: [--no-index]\n")
        assert needs(folder) == {"uv": {"packages": ["pillow"], "uv_pip_install_options": ["--no-index"]}}

    def test_wheels_are_looked_for_and_told_apart_by_what_they_are(self, folders: PluginFolders) -> None:
        folder = plugin(folders, "net\n")
        (folder / "wheels").mkdir()
        found = []
        for content in (b"one", b"other", b"one"):
            (folder / "wheels" / "net-1.0-py3-none-any.whl").write_bytes(content)
            found.append(needs(folder, wheels="/there"))
        first, digest, last = found[0]["pip"]["packages"]
        assert (first, digest[:2], last) == ("--find-links /there", "# ", "net")
        assert found[0] == found[2] != found[1]
        assert needs(folder)["pip"]["packages"][0] == f"--find-links {folder}/wheels"

    def test_the_config_stands_above_the_requirements_and_what_is_given_above_both(
        self, folders: PluginFolders
    ) -> None:
        folder = plugin(folders, "net\n", "runtime_env: {pip: [other], env_vars: {A: 1, B: x}}\n")
        assert needs(folder) == {"pip": ["other"], "env_vars": {"A": "1", "B": "x"}}
        given = {"pip": ["third"], "env_vars": {"B": 2}}
        assert needs(folder, given) == {"pip": ["third"], "env_vars": {"A": "1", "B": "2"}}

    def test_what_ray_takes_none_of_is_refused(self, folders: PluginFolders) -> None:
        with pytest.raises(UsageError, match=r"'--no-index' is an option, not a package; .*`package_manager_options`"):
            needs(plugin(folders, "net\n--no-index\n"))
        with pytest.raises(UsageError, match=r"pip and uv are both to install packages.* Ray takes one"):
            needs(plugin(folders, "net\n", "runtime_env: {uv: [other]}\n"))

    def test_wheels_beside_a_working_folder_of_its_own(self, folders: PluginFolders) -> None:
        folder = plugin(folders, "net\n", "runtime_env: {working_dir: 's3://bucket/code.zip'}\n")
        (folder / "wheels").mkdir()
        (folder / "wheels" / "net-1.0-py3-none-any.whl").touch()
        with pytest.raises(UsageError, match="its wheels go to the nodes as a working_dir, and its runtime_env names"):
            PluginNeeds().of(PluginDiscovery.from_path(folder).get_action_definition("count"))

    def test_what_is_the_processs_own_is_not_taken_from_the_job(self) -> None:
        assert own_variables({"env_vars": {"A": "1"}}) == ["A"]
        assert own_variables({"pip": {}, "env_vars": {"A": "1"}}) == ["PATH", "VIRTUAL_ENV", "A"]


class TestOnThreads:
    def test_what_this_python_lacks(self, folders: PluginFolders) -> None:
        there = version("pydantic")
        lines = ["pydantic", f"pydantic=={there}", "nowhere; python_version < '3'", "--no-index", "./net.whl"]
        assert lacking(plugin(folders, "\n".join(lines))) == []
        assert lacking(plugin(folders)) == []
        wanted = [f"pydantic>{there}", "nowhere_to_be_found", "Nowhere-Else[extra] >= 2"]
        assert lacking(plugin(folders, "\n".join([*lines, *wanted]))) == wanted

    def test_a_run_that_needs_it_is_refused_at_its_start(self, folders: PluginFolders, blobs: BlobStore) -> None:
        folder = plugin(folders, "pydantic\nnowhere-to-be-found>=3\n")
        stage: Any = SimpleNamespace(definition=PluginDiscovery.from_path(folder).get_action_definition("count"))
        place = Here(Surroundings("job", blobs, {}, Event(), 1))
        with pytest.raises(UsageError) as refused:
            place.check([stage, stage])
        code = folders.code("needy")
        assert str(refused.value) == (
            f"Plugin {code!r} requires nowhere-to-be-found>=3 ({folder}/requirements.txt), which this Python does not "
            "have, and on threads nothing is installed: pip install 'nowhere-to-be-found>=3', or let Ray install it "
            "(--runner ray)."
        )
        (folder / "requirements.txt").write_text("pydantic\n")
        place.check([stage])
        place.close()
