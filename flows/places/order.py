"""The order for one run of a stage, as it travels to a process that may be on another machine.

Little travels: names, settings, digests. The code is there already, values are read from the store.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flows.places.baggage import Baggage
from flows.places.place import Assignment
from stages.core.definition import Resources, StageDefinition
from stages.core.discovery import load_stages
from stages.core.errors import ContractError, UnknownStage, UsageError
from stages.core.execute import StageCall
from stages.core.registry import get_stage
from stages.core.results import ValueHandle
from stages.core.stage_version import stage_version


@dataclass(frozen=True)
class Order:
    """One run of a stage. `reads` can be opened only where the stages are loaded, and is pickled apart."""

    stage: str
    version: str
    key: str
    settings: Mapping[str, Any]
    reads: bytes
    modules: tuple[str, ...]
    resources: Resources
    job_id: str
    workers: int
    baggage: Baggage

    @staticmethod
    def of(work: Assignment, resources: Resources, job_id: str, workers: int, baggage: Baggage) -> Order:
        """The order for an assignment. Raises UsageError for a stage that no other process can load."""
        call, reads = work.call, {key: _light(handle) for key, handle in work.reads.items()}
        needed = [call.definition, *(handle.definition for handle in reads.values() if handle.definition)]
        return Order(
            stage=call.definition.name,
            version=call.version,
            key=call.key,
            settings=call.settings,
            reads=pickle.dumps(reads),
            modules=_modules(needed),
            resources=resources,
            job_id=job_id,
            workers=workers,
            baggage=baggage,
        )

    def opened(self) -> tuple[StageCall, dict[str, ValueHandle]]:
        """The call and what it reads. Raises UsageError where this process has not the code that was meant."""
        load_stages(self.modules)
        try:
            definition = get_stage(self.stage)
            reads = pickle.loads(self.reads)  # noqa: S301 - from the job's own process, by way of Ray
        except UnknownStage as error:
            problem = f"{error.message} Install the package that brings it on every node of the cluster."
            raise UsageError(problem, stage=self.stage) from None
        self._check_version(definition)
        return StageCall(definition, self._config(definition), self.version, self.key), reads

    def _check_version(self, definition: StageDefinition) -> None:
        if (version := stage_version(definition)) != self.version:
            raise UsageError(
                f"Stage {self.stage!r} is version {version} here and {self.version} where the run was started; its "
                "result would be kept under a key that is not its own. Install the same versions of its package and "
                "of what it depends on on every node.",
                stage=self.stage,
            )

    def _config(self, definition: StageDefinition) -> Any:
        config = definition.settings.model_validate_json(json.dumps(self.settings), by_alias=True, by_name=True)
        made = StageCall(definition, config, self.version, self.key)
        if made.settings != self.settings:
            problem = f"its settings are others when read from their own JSON: {made.settings} from {self.settings}"
            raise ContractError(f"Stage {self.stage!r} cannot run in another process: {problem}.", stage=self.stage)
        return config


def _modules(definitions: Iterable[StageDefinition]) -> tuple[str, ...]:
    found = [(definition.name, getattr(definition.code, "__module__", None)) for definition in definitions]
    for name, module in found:
        if module == "__main__":
            raise UsageError(
                f"Stage {name!r} is defined in the script or notebook itself, which no other process can import; "
                "put it into a module of its own, and name that in STAGEWRIGHT_STAGE_MODULES.",
                stage=name,
            )
    return tuple(dict.fromkeys(module for _, module in found if module))


def _light(handle: ValueHandle) -> ValueHandle:
    """Without its envelope, unless the value can be read only by way of it."""
    if handle.envelope is not None and handle.envelope.own is not None:
        return handle
    return replace(handle, envelope=None, definition=None)
