"""A plugin's config: what it may say, and what is said of one that cannot be used."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from stages.core.errors import PluginError
from stages.datatypes import Frames
from stages.documents.faults import Fault
from stages.plugins.categories import PackageManager, PluginCategory, RunMethod
from stages.plugins.config import ActionConfig, PluginConfig
from stages.plugins.config_file import load_config, read_config

HEAD = "name: Words\ncode: words\n"
ACTIONS = "actions: {count: {entrypoint: 'plugin.count:CountAction'}}\n"

Read = Callable[[str | bytes], list[str]]


@pytest.fixture
def faults(tmp_path: Path) -> Read:
    """What is said of a config, errors only, without the folder's name."""

    def read(content: str | bytes) -> list[str]:
        return [fault for fault, severity in _told(tmp_path, content) if severity == "error"]

    return read


@pytest.fixture
def warnings(tmp_path: Path) -> Read:
    """The warnings of a config."""

    def read(content: str | bytes) -> list[str]:
        return [fault for fault, severity in _told(tmp_path, content) if severity == "warning"]

    return read


def _told(folder: Path, content: str | bytes) -> list[tuple[str, str]]:
    file = folder / "config.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    found: list[Fault] = read_config(folder)[1]
    return [(str(fault).replace(f"{folder}/", ""), fault.severity) for fault in found]


class TestModel:
    def test_names_and_defaults_are_those_of_the_issue(self) -> None:
        config = PluginConfig(name="Words", code="words")
        assert (config.version, config.wheels_dir, config.category) == ("0.1.0", "wheels", PluginCategory.CUSTOM)
        assert (config.package_manager, config.package_manager_options) == (PackageManager.PIP, [])
        assert (config.env, config.runtime_env, config.tasks, config.actions) == ({}, {}, [], {})
        assert [config.data_type, config.annotation_category, config.annotation_type, config.smart_tool] == [None] * 4
        action = ActionConfig(name="train", entrypoint="plugin.train:TrainAction")
        assert (action.method, action.params_schema, action.input_type) == (RunMethod.TASK, None, None)

    def test_an_action_gets_the_name_of_its_key(self) -> None:
        config = PluginConfig(name="W", code="w", actions={"train": ActionConfig(entrypoint="plugin.Train")})
        assert config.actions["train"].name == "train"
        with pytest.raises(ValidationError, match="the action 'train' calls itself 'test'"):
            PluginConfig(name="W", code="w", actions={"train": ActionConfig(name="test")})

    def test_code_may_list_actions_that_have_names(self) -> None:
        actions = [ActionConfig(name=name, entrypoint="plugin:Do") for name in ("train", "test")]
        listed = PluginConfig(name="W", code="w", actions=actions)  # type: ignore[arg-type]  # becomes a dict
        assert listed == PluginConfig(name="W", code="w", actions={action.name: action for action in actions})
        with pytest.raises(ValidationError, match="the name 'train' is given to two actions"):
            PluginConfig(name="W", code="w", actions=[actions[0], actions[0]])  # type: ignore[arg-type]  # likewise
        with pytest.raises(ValidationError, match="expected an identifier"):
            PluginConfig(name="W", code="w", actions=[ActionConfig()])  # type: ignore[arg-type]  # likewise

    @pytest.mark.parametrize("written", ["neural_net", "NEURAL_NET", "Neural-Net", " neural net "])
    def test_words_are_known_however_they_are_written(self, written: str) -> None:
        assert PluginConfig.model_validate({"name": "W", "code": "w", "category": written}).category == (
            PluginCategory.NEURAL_NET
        )
        assert PluginCategory(written) is PluginCategory.NEURAL_NET

    def test_the_words_are_these(self) -> None:
        assert [word.value for word in PluginCategory] == [
            *("neural_net", "export", "upload", "smart_tool"),
            *("pre_annotation", "post_annotation", "data_validation", "custom"),
        ]
        assert ([m.value for m in RunMethod], [m.value for m in PackageManager]) == (
            ["job", "task", "serve"],
            ["pip", "uv"],
        )

    def test_in_code_types_and_schemas_may_be_classes(self) -> None:
        class Params(BaseModel):
            least: int = 1

        action = ActionConfig(name="a", entrypoint="p:A", params_schema=Params, input_type=Frames, output_type="Tracks")
        assert (action.params_schema, action.input_type, action.output_type) == (Params, Frames, "Tracks")
        written = action.model_dump(mode="json")
        assert (written["input_type"], written["output_type"]) == ("Frames", "Tracks")
        assert written["params_schema"].endswith("Params")

    def test_an_environment_is_texts(self) -> None:
        config = PluginConfig.model_validate({"name": "W", "code": "w", "env": {"A": 1, "B": True, "C": 0.5}})
        assert config.env == {"A": "1", "B": "true", "C": "0.5"}

    @pytest.mark.parametrize("folder", ["../wheels", "/wheels", "a/../../b", "C:\\wheels", "..\\wheels", "C:wheels"])
    def test_wheels_stay_in_the_plugin(self, folder: str) -> None:
        with pytest.raises(ValidationError, match="expected a folder inside the plugin's"):
            PluginConfig(name="W", code="w", wheels_dir=folder)


words = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,9}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff"), max_size=20)
scalars = texts | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
actions = st.builds(
    ActionConfig,
    description=texts,
    entrypoint=st.builds("{}{}{}".format, words.map("p_{}".format), st.sampled_from(":."), words.map("C{}".format)),
    method=st.sampled_from(RunMethod),
    input_type=st.none() | words,
    output_type=st.none() | words,
    params_schema=st.none() | words.map("p_{}:Model".format),
)
configs = st.builds(
    PluginConfig,
    name=words,
    code=words,
    version=st.sampled_from(["1.10", "0.1.0", "1", "1.0.0-rc.1", "2.0.0+cpu", "1.10.0rc1"]),
    category=st.sampled_from(PluginCategory),
    package_manager=st.sampled_from(PackageManager),
    package_manager_options=st.lists(words.map("--{}".format), max_size=3),
    env=st.dictionaries(words, scalars, max_size=4),
    runtime_env=st.dictionaries(words, scalars | st.lists(texts, max_size=3), max_size=3),
    data_type=st.none() | st.sampled_from(["image", "pcd"]),
    tasks=st.lists(st.builds("{}.{}".format, words, words), max_size=2),
    smart_tool=st.none() | words,
    actions=st.dictionaries(words.map("do_{}".format), actions, max_size=4),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(config=configs)
def test_a_config_that_is_written_down_reads_as_the_same(config: PluginConfig, tmp_path: Path) -> None:
    text = yaml.safe_dump(config.model_dump(mode="json"), default_style='"')  # plain 1e5 is a text to PyYAML alone
    (tmp_path / "config.yaml").write_text(text)
    assert load_config(tmp_path) == config


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: (HEAD + text).encode(errors="replace")))
def test_any_file_is_a_config_or_is_refused_with_its_name(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(content)
    config, found = read_config(tmp_path)
    assert config is not None or any(fault.severity == "error" for fault in found)
    assert all(fault.file == str(tmp_path / "config.yaml") for fault in found)


class TestFile:
    def test_a_folder_or_the_file_itself(self, tmp_path: Path) -> None:
        (tmp_path / "config.yaml").write_text(HEAD + "version: '1.10'\n" + ACTIONS)
        config = load_config(tmp_path)
        assert config == load_config(str(tmp_path / "config.yaml"))
        assert (config.version, config.actions["count"].name) == ("1.10", "count")

    def test_the_environment_is_kept_as_it_is_written(self, tmp_path: Path) -> None:
        (tmp_path / "config.yaml").write_text(HEAD + "env: {A: 1.10, B: 0x1F, C: yes, D: '', E: True}\n" + ACTIONS)
        assert load_config(tmp_path).env == {"A": "1.10", "B": "0x1F", "C": "yes", "D": "", "E": "True"}

    def test_what_is_written_as_nothing_is_not_said(self, tmp_path: Path) -> None:
        (tmp_path / "config.yaml").write_text(HEAD + "version:\nenv:\ntasks: ~\nactions:\n")
        assert load_config(tmp_path) == PluginConfig(name="Words", code="words")

    def test_every_fault_at_once_each_in_its_line(self, faults: Read) -> None:
        text = (
            "name: 12\ncode: my plugin\nversion: 1.10\ncategory: custon\nwheels_dir: ../up\nenv:\n  bad name: 1\n"
            "  NONE:\nactions:\n  count:\n    method: taks\n    name: counts\n  b-d: {entrypoint: a b}\n"
            "  two: plugin:X\n  six: {entrypoint: a:B, input_type: 5}\n"
        )
        assert faults(text) == [
            "config.yaml:1: field 'name': found 12, expected a text; put it in quotes",
            "config.yaml:2: field 'code': found 'my plugin', expected letters, digits, and single '-' or '_' between, "
            "like 'yolo' or 'my-plugin'",
            "config.yaml:3: field 'version': found 1.1, expected a text; put it in quotes",
            "config.yaml:4: field 'category': found 'custon', expected one of neural_net, export, upload, smart_tool, "
            "pre_annotation, post_annotation, data_validation, custom; did you mean 'custom'?",
            "config.yaml:5: field 'wheels_dir': found '../up', expected a folder inside the plugin's, like 'wheels'",
            "config.yaml:7: field 'env.bad name': found 'bad name', expected a name for a variable: letters, digits "
            "and '_'",
            "config.yaml:8: field 'env.NONE': found nothing, expected a text",
            "config.yaml:10: field 'actions.count.entrypoint': says where the action's code is, and is not there; "
            "write `module:Class`, or run `stagewright plugin sync`",
            "config.yaml:11: field 'actions.count.method': found 'taks', expected one of job, task, serve; "
            "did you mean 'task'?",
            "config.yaml:12: field 'actions.count.name': the action 'count' calls itself 'counts'; leave `name` out",
            "config.yaml:13: field 'actions.b-d': found 'b-d', expected an identifier (letters, digits and '_', no "
            "keyword of Python)",
            "config.yaml:13: field 'actions.b-d.entrypoint': found 'a b', expected 'module:Class' or 'module.Class', "
            "relative to the plugin's folder, like 'plugin.train:TrainAction'",
            "config.yaml:14: field 'actions.two': found 'plugin:X', expected a mapping, like "
            "{entrypoint: module:Class}",
            "config.yaml:15: field 'actions.six.input_type': found 5, expected a name",
        ]

    def test_what_means_nothing_is_passed_over_with_a_warning(self, tmp_path: Path, warnings: Read) -> None:
        text = HEAD + "catgory: custom\nactions:\n  count: {entrypoint: 'a:B', methd: job}\n"
        first, second = warnings(text)
        assert first.startswith(
            "config.yaml:3: field 'catgory': unknown key 'catgory' of a plugin config is passed over"
        )
        assert "did you mean 'category'?" in first
        assert second.startswith("config.yaml:5: field 'actions.count.methd': unknown key 'methd' of an action")
        assert load_config(tmp_path).actions["count"].method is RunMethod.TASK

    @pytest.mark.parametrize("name", ["API_KEY", "token", "DB_PASSWORD", "SECRETS", "MY_ACCESSKEY"])
    def test_a_secret_in_the_file_is_warned_of_and_not_shown(self, name: str, warnings: Read) -> None:
        (told,) = warnings(f"{HEAD}env:\n  {name}: hunter2\n{ACTIONS}")
        assert told.startswith(f"config.yaml:4: field 'env.{name}': {name!r} looks like a secret")
        assert "Prefect Secret block" in told
        assert "hunter2" not in told

    @pytest.mark.parametrize("line", ["MONKEY: business", "MAX_TOKENS: 100", "API_KEY: ''", "USE_TOKEN: true"])
    def test_what_only_sounds_like_a_secret(self, line: str, warnings: Read) -> None:
        assert warnings(f"{HEAD}env:\n  {line}\n{ACTIONS}") == []

    def test_a_secret_for_ray_is_warned_of_as_well(self, warnings: Read) -> None:
        (told,) = warnings(f"{HEAD}runtime_env: {{env_vars: {{HF_TOKEN: abc}}}}\n{ACTIONS}")
        assert "field 'runtime_env.env_vars.HF_TOKEN'" in told

    def test_a_kind_of_media_that_nobody_knows_is_a_warning(self, warnings: Read) -> None:
        assert "did you mean 'image'?" in warnings(HEAD + "data_type: imge\n" + ACTIONS)[0]
        assert "'Frames' is a data type, not a kind of media" in warnings(HEAD + "data_type: Frames\n" + ACTIONS)[0]

    def test_warnings_are_told_beside_errors(self, warnings: Read) -> None:
        assert any("looks like a secret" in told for told in warnings("code: 5\nenv: {API_KEY: x}\n"))


class TestHostileFiles:
    @pytest.mark.parametrize(
        ("content", "told"),
        [
            ("", "config.yaml:1: is empty; a plugin config needs at least `name:` and `code:`"),
            ("- a\n", "config.yaml:1: found a list, expected a plugin config: a mapping with `name:` and `code:`"),
            ("words\n", "config.yaml:1: found 'words', expected a plugin config"),
            (b"name: a\ncode: \xff\n", "config.yaml:2: is not UTF-8 text (byte 0xff)"),
            (b"name: a\n\x00\n", "config.yaml:2: is not a text file; it has zero bytes"),
            ("name: !!python/object/apply:os.system [echo]\ncode: a\n", "the tag 'tag:yaml.org,2002:python/object"),
            ("name: a\nname: b\ncode: c\n", "config.yaml:2: the key 'name' stands here twice; it is also in line 1"),
            ("a: &a {b: c}\ncode:\n  <<: *a\n", "merge keys (<<) have no meaning in a plugin config; write the values"),
            ("a: &a [*a]\n", "has an alias (*name) that stands inside what it refers to"),
            ("a: " + "[" * 3000, "is nested more than 40 levels deep"),
            ("name: a\n---\nname: b\n", "a file holds one plugin config"),
            ("name: a\nactions: [1]\ncode: b\n", "config.yaml:2: field 'actions': found a list, expected a mapping"),
            ("name: a\n\tcode: b\n", "config.yaml:2: cannot be read as YAML"),
            ("x" * 1_000_001, "config.yaml:1: is larger than 1,000,000 bytes, which no plugin config needs"),
        ],
    )
    def test_files_that_are_no_config(self, content: str | bytes, told: str, faults: Read) -> None:
        assert any(told in fault for fault in faults(content))

    def test_aliases_that_multiply(self, faults: Read) -> None:
        bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
        (told,) = faults(HEAD + bomb)
        assert "grows to more than 20000 values through its aliases" in told

    def test_a_version_that_would_keep_a_pattern_busy(self, faults: Read) -> None:
        (told,) = faults(f"{HEAD}version: '{'1a' * 32}!'\n{ACTIONS}")
        assert "expected a version like '0.1.0'" in told

    def test_no_file_no_folder_and_what_is_neither(self, tmp_path: Path) -> None:
        def told(path: Path) -> str:
            return str(read_config(path)[1][0]).replace(str(tmp_path), "")

        assert "a plugin's folder needs a config.yaml with `name:`, `code:` and `actions:`" in told(tmp_path)
        assert told(tmp_path / "none") == "/none: there is no such folder"
        (tmp_path / "config.yml").write_text(HEAD)
        assert "rename config.yml to config.yaml" in told(tmp_path)
        (tmp_path / "config.yaml").mkdir()
        assert told(tmp_path) == "/config.yaml: is a folder; name a file in it"
        os.mkfifo(tmp_path / "pipe")
        assert "is neither a plugin's folder nor a file" in told(tmp_path / "pipe")
        assert "is neither a plugin's folder nor a file" in told(Path("/dev/zero"))
        assert "there is no such file" in told(tmp_path / "x.yaml")
        assert read_config(tmp_path / ("x" * 5000))[0] is None

    def test_loading_raises_all_faults_as_one_error(self, tmp_path: Path) -> None:
        (tmp_path / "config.yaml").write_text("name: 1\ncode: 2\nnote: x\n")
        with pytest.raises(PluginError) as raised:
            load_config(tmp_path)
        error: Any = raised.value
        assert error.message.startswith(f"Plugin '{tmp_path}' has 2 faults:\n  {tmp_path}/config.yaml:1: field 'name'")
        assert [fault.severity for fault in error.context["faults"]].count("error") == 2
        assert error.exit_code == 2
