"""How Prefect stores and finds the results of stages: as envelopes, in their own places, by their own keys.

Prefect's part is small on purpose. Its key storage holds nothing: what it wants as metadata is made from the envelope
when that is read, so there is one commit point and no index that could disagree. And since Prefect takes a failing
write or look-up for a success or a miss, the stage's task writes and looks by itself (`stage_task`); what comes through
here a second time is answered from memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prefect.cache_policies import CachePolicy
from prefect.context import TaskRunContext
from prefect.filesystems import WritableFileSystem
from prefect.results import ResultRecordMetadata  # type: ignore[attr-defined]  # not in its __all__
from prefect.serializers import Serializer
from pydantic import Field, PrivateAttr

from flows.connections import open_blobs
from flows.settings import read_settings
from stages.core import errors
from stages.core.checkpoints import Checkpoints, envelope_key
from stages.core.envelope import Envelope
from stages.core.errors import ServiceError, StageFailed, StagewrightError
from stages.core.registry import get_stage
from stages.core.results import StageResult


class StageSerializer(Serializer):
    """A stage's result as its envelope's bytes; an error as its kind and message. Nothing is ever pickled."""

    type: str = Field(default="stagewright", frozen=True)

    def dumps(self, obj: Any) -> bytes:
        if isinstance(obj, StageResult):
            return obj.envelope.to_bytes()
        if isinstance(obj, BaseException):
            return json.dumps({"error": {"kind": type(obj).__name__, "message": str(obj)}}, indent=1).encode()
        raise TypeError(f"Only results of stages are stored this way, not a {type(obj).__name__}.")

    def loads(self, blob: bytes) -> Any:
        content = json.loads(blob)
        if error := content.get("error"):
            return _error_kind(error)(error["message"])
        envelope = Envelope.from_bytes(blob, content.get("key", "?"))
        return StageResult(envelope, get_stage(envelope.stage), kept=True)


class StageStorage(WritableFileSystem):
    """The bucket as Prefect's result storage. Envelopes lie in `results/`, errors of failed stages in `failures/`.

    A saved block holds no address and no secret: a process that reads a result finds the store the way a run does.
    """

    _block_type_name = "Stagewright results"
    _block_type_slug = "stagewright-results"
    _description = "Results of stages, as envelopes in the store that Stagewright is set to use."
    _checkpoints: Checkpoints | None = PrivateAttr(default=None)

    def of(self, checkpoints: Checkpoints) -> StageStorage:
        """This block, reading and writing through the memory of one run."""
        made = self.model_copy()
        made._checkpoints = checkpoints
        return made

    def _resolve_path(self, path: str) -> None:
        """Keys are paths as they are."""

    def read_path(self, path: str, _sync: bool = True) -> bytes:  # type: ignore[override]  # Prefect calls it both ways
        if "/" not in path:
            return self._open().blobs.store.get(_failure_key(path))
        if (envelope := self._open().find(path)) is None:
            raise ValueError(f"No whole result is stored under {envelope_key(path)}.")
        return envelope.to_bytes()

    def write_path(self, path: str, content: bytes, _sync: bool = True) -> None:  # type: ignore[override]  # as above
        if "/" not in path:
            if not issubclass(_error_kind(json.loads(content)["error"]), ServiceError):  # else the store is what failed
                self._open().blobs.store.put(_failure_key(path), content, "application/json")
        elif not self._open().kept_here(path):  # the stage's task has written it already, and would have failed if not
            self._open().keep(Envelope.from_bytes(content, path))

    async def aread_path(self, path: str) -> bytes:
        return self.read_path(path)

    async def awrite_path(self, path: str, content: bytes) -> None:
        self.write_path(path, content)

    def _open(self) -> Checkpoints:
        if self._checkpoints is None:
            self._checkpoints = Checkpoints(open_blobs(read_settings()))
        return self._checkpoints


class EnvelopeMetadata(WritableFileSystem):
    """Prefect's key storage: holds nothing, answers from the envelope."""

    _block_type_name = "Stagewright metadata"
    _block_type_slug = "stagewright-metadata"
    _storage: StageStorage = PrivateAttr()

    @staticmethod
    def of(storage: StageStorage) -> EnvelopeMetadata:
        """The metadata of what `storage` holds."""
        made = EnvelopeMetadata()
        made._storage = storage
        return made

    def _resolve_path(self, path: str) -> None:
        """Keys are paths as they are."""

    def read_path(self, path: str, _sync: bool = True) -> bytes:  # type: ignore[override]  # Prefect calls it both ways
        if self._storage._open().find(path) is None:
            raise ValueError(f"No whole result is stored under {envelope_key(path)}.")
        block = self._storage._block_document_id
        return ResultRecordMetadata(storage_key=path, storage_block_id=block, serializer=StageSerializer()).dump_bytes()

    def write_path(self, path: str, content: bytes, _sync: bool = True) -> None:  # type: ignore[override]  # as above
        """Nothing: the envelope says it all."""

    async def aread_path(self, path: str) -> bytes:
        return self.read_path(path)

    async def awrite_path(self, path: str, content: bytes) -> None:
        """Nothing, likewise."""


@dataclass
class CheckpointPolicy(CachePolicy):
    """Prefect's cache key is the checkpoint's, made of the digests of what the task is given."""

    key_of: Callable[[Mapping[str, Any]], str | None] | None = None

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> str | None:
        return self.key_of(inputs) if self.key_of else None


def _error_kind(error: Mapping[str, str]) -> type[StagewrightError]:
    kind = getattr(errors, error["kind"], StageFailed)
    return kind if isinstance(kind, type) and issubclass(kind, StagewrightError) else StageFailed


def _failure_key(name: str) -> str:
    return f"failures/{name}.json"
