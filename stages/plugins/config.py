"""A plugin's config: what it is, what it needs, and which actions it brings."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    model_validator,
)

from stages.core.datatype import DataType
from stages.core.registry import CODE
from stages.plugins.categories import PackageManager, PluginCategory, RunMethod
from stages.plugins.entrypoint import parse_entrypoint

MEDIA = ("image", "text", "video", "audio", "pcd", "time_series", "tabular", "document")
"""The kinds of media that are known. Others may be said: a plugin may well be the first for its kind."""

VERSION = re.compile(r"v?[0-9][A-Za-z0-9]*([-+._][A-Za-z0-9]+)*")


def _version(text: str) -> str:
    if len(text) > 64 or not VERSION.fullmatch(text):
        raise ValueError("expected a version like '0.1.0' or '1.2.0rc1'")
    return text


def _code(text: str) -> str:
    if len(text) > 64 or not CODE.fullmatch(text):
        raise ValueError("expected letters, digits, and single '-' or '_' between, like 'yolo' or 'my-plugin'")
    return text


def _action_name(text: str) -> str:
    if not is_action_name(text):
        raise ValueError("expected an identifier (letters, digits and '_', no keyword of Python)")
    return text


def _inside(text: str) -> str:
    """A folder inside the plugin's own, wherever the plugin lies."""
    path = PurePosixPath(text.replace("\\", "/"))
    if path.is_absolute() or PureWindowsPath(text).drive or ".." in path.parts:
        raise ValueError("expected a folder inside the plugin's, like 'wheels'")
    return str(path)


def _entrypoint(text: str) -> str:
    if text:
        parse_entrypoint(text)
    return text.strip()


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _variables(value: Any) -> Any:
    """Scalars as the texts that an environment holds."""
    if not isinstance(value, Mapping):
        return value
    return {key: _text(item) for key, item in value.items()}


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _class_or_name(value: Any) -> Any:
    if value is None or isinstance(value, str | type):
        return value.strip() or None if isinstance(value, str) else value
    raise ValueError("expected a name")


def _by_name(value: Any) -> Any:
    if isinstance(value, type) and issubclass(value, DataType):
        return value.name
    return f"{value.__module__}:{value.__qualname__}" if isinstance(value, type) else value


_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Word = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=64)]
_Task = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")]
_Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]
_TypeName = Annotated[str | type[DataType] | None, BeforeValidator(_class_or_name), PlainSerializer(_by_name)]
_Schema = Annotated[str | type[BaseModel] | None, BeforeValidator(_class_or_name), PlainSerializer(_by_name)]


class ActionConfig(BaseModel):
    """One action of a plugin. In a PluginConfig its key is its name.

    `entrypoint` is empty where it is not said yet: in a file that is a fault, which `stagewright plugin sync` mends.
    `params_schema` is the pydantic model of the settings ("module:Model", or in code the class), where the code of the
    action does not say it; `input_type` and `output_type` are data types, by name or in code by class. `method` tells
    people and other tools how it is meant to be run; where it is, says who runs it.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = ""
    description: str = ""
    entrypoint: Annotated[str, AfterValidator(_entrypoint)] = ""
    method: RunMethod = RunMethod.TASK
    params_schema: _Schema = None
    input_type: _TypeName = None
    output_type: _TypeName = None


_Actions = dict[Annotated[str, AfterValidator(_action_name)], ActionConfig]


def _by_own_name(value: Any) -> Any:
    """Actions as code may list them; in a file each stands under its name."""
    if not isinstance(value, list | tuple) or not all(isinstance(action, ActionConfig) for action in value):
        return value
    names = [action.name for action in value]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"the name {twice[0]!r} is given to two actions; rename one")
    return dict(zip(names, value, strict=True))


class PluginConfig(BaseModel):
    """What a plugin's config.yaml says.

    `code` names the plugin among others, and its stages begin with it. `data_type` is the kind of media it works on
    (one of MEDIA, or another), no semantic type; `tasks` are words such as "image.object_detection". `env` are defaults
    of its environment, as texts; `runtime_env` is what Ray installs for it.
    """

    model_config = ConfigDict(extra="forbid")

    name: _Line
    code: Annotated[str, AfterValidator(_code)]
    version: Annotated[str, AfterValidator(_version)] = "0.1.0"
    category: PluginCategory = PluginCategory.CUSTOM
    description: str = ""
    package_manager: PackageManager = PackageManager.PIP
    package_manager_options: Annotated[list[_Line], BeforeValidator(_listed)] = Field(default_factory=list)
    wheels_dir: Annotated[_Line, AfterValidator(_inside)] = "wheels"
    env: Annotated[dict[_Variable, str], BeforeValidator(_variables)] = Field(default_factory=dict)
    runtime_env: dict[str, Any] = Field(default_factory=dict)
    data_type: _Word | None = None
    tasks: Annotated[list[_Task], BeforeValidator(_listed)] = Field(default_factory=list)
    annotation_category: str | None = None
    annotation_type: str | None = None
    smart_tool: str | None = None
    actions: Annotated[_Actions, BeforeValidator(_by_own_name)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _named(self) -> PluginConfig:
        for key, action in self.actions.items():
            if action.name not in ("", key):
                raise ValueError(f"the action {key!r} calls itself {action.name!r}; leave its `name` out")
        self.actions = {key: action.model_copy(update={"name": key}) for key, action in self.actions.items()}
        return self


def is_action_name(text: str) -> bool:
    """Whether a text can name an action: it becomes the id of an entry of a profile, a parameter of a flow."""
    return text.isidentifier() and not keyword.iskeyword(text) and len(text) <= 100
