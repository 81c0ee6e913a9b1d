"""A call of an action: checked before anything is sent, and its result checked when it is back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.core.blobs import BlobStore
from stages.core.config import check_defaults
from stages.core.datatype import DataType
from stages.core.definition import StageDefinition
from stages.core.envelope import Envelope
from stages.core.errors import EncodeError, UsageError
from stages.core.execute import StageCall, checkpoint_key
from stages.core.results import StageResult, ValueHandle
from stages.core.stage_version import stage_version
from stages.core.values import encode_value
from stages.plugins.action import BaseAction, is_action
from stages.plugins.action_stage import INPUT, OUTPUT, checked_result, stage_of
from stages.plugins.discovery import PluginDiscovery
from stages.plugins.parameters import checked_params

Action = Any
"""An action class, a function made by `@action`, or the name of an action of the executor's plugin."""


@dataclass(frozen=True)
class ActionCall:
    """An action with its parameters and its input, as the stage call that it is."""

    action: type[BaseAction[Any]]
    call: StageCall
    reads: dict[str, ValueHandle]

    @staticmethod
    def of(action: type[BaseAction[Any]], params: Any, input: Any, blobs: BlobStore, job_id: str) -> ActionCall:
        """The call. Raises UsageError for parameters that do not fit, and for an input that is missing, too much, or of
        another type than the action reads; DefinitionError for what is no stage."""
        definition = stage_of(action)
        check_defaults(definition.name, definition.settings)
        given = checked_params(action.action_name, action.params_model, params)
        config = definition.settings.model_validate(given.model_dump(by_alias=True), by_alias=True, by_name=True)
        reads = _reads(definition, input, blobs)
        version = stage_version(definition)
        digests = {key: handle.digest for key, handle in reads.items()}
        key = checkpoint_key(definition, version, config, digests, job_id)
        return ActionCall(action, StageCall(definition, config, version, key), reads)

    def result(self, envelope: Envelope, blobs: BlobStore) -> Any:
        """See `result_of`."""
        return result_of(self.action, envelope, blobs)


def result_of(action: type[BaseAction[Any]], envelope: Envelope, blobs: BlobStore) -> Any:
    """What the action gave: the value of its output type, else an instance of its result model, else plain JSON.

    Raises ContractError where it does not fit the model, as the action's own process has found before.
    """
    definition = stage_of(action)
    value = StageResult(envelope, definition).value(OUTPUT).read(blobs)
    return value if definition.write_types else checked_result(action, value)


def action_class(action: Action, plugin: PluginDiscovery | None = None) -> type[BaseAction[Any]]:
    """The class that is meant. Raises UsageError for what is no action, and PluginError for a name that is unknown."""
    if isinstance(action, str):
        if plugin is None:
            problem = f"The action {action!r} is a name, and there is no plugin to look for it in; give its class."
            raise UsageError(problem, action=action)
        return plugin.get_action_class(action)
    found: Any = getattr(action, "action_class", action)
    if not is_action(found):
        raise UsageError(f"{action!r} is no action; give a class that derives from BaseAction, or what @action made.")
    return found  # type: ignore[no-any-return]  # is_action has looked


def plugin_in(folder: str | Path | None) -> PluginDiscovery | None:
    """The plugin of an executor's working folder. Raises PluginError with every fault of its config."""
    return None if folder is None else PluginDiscovery.from_path(Path(folder))


def _reads(definition: StageDefinition, input: Any, blobs: BlobStore) -> dict[str, ValueHandle]:
    kind = definition.read_types.get(INPUT)
    if kind is None:
        if input is not None:
            problem = f"Action {definition.name!r} reads nothing, and was given an input."
            raise UsageError(problem, stage=definition.name)
        return {}
    if input is None:
        problem = f"Action {definition.name!r} reads a {kind.name}: give it as `input`."
        raise UsageError(problem, stage=definition.name)
    if not isinstance(input, kind) and not (isinstance(input, DataType) and kind.is_compatible_with(type(input))):
        problem = f"Action {definition.name!r} reads a {kind.name}; its input is a {type(input).__name__}."
        raise UsageError(problem, stage=definition.name)
    try:
        return {INPUT: ValueHandle(encode_value(input, type(input), blobs))}
    except EncodeError as error:
        problem = f"Action {definition.name!r}: its input {error.message}."
        raise UsageError(problem, stage=definition.name) from error
