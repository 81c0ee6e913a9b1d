"""Running one stage: its state in, its envelope out. Whoever runs stages, on whatever machine, comes through here."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from stages.core.blobs import BlobRef, BlobStore, recording, refs_in, using
from stages.core.context import RuntimeContext
from stages.core.datatype import DataType
from stages.core.definition import StageDefinition
from stages.core.digests import as_json, digest_of_json, model_as_json
from stages.core.envelope import Envelope
from stages.core.errors import ContractError, EncodeError, StageFailed, StagewrightError
from stages.core.results import ValueHandle
from stages.core.stage_version import reading_version
from stages.core.state import DetectState
from stages.core.values import StoredValue, encode_value, lightened

SHOWN_FAILED = 100


@dataclass(frozen=True)
class StageCall:
    """One run of a stage: which, with what settings, under which version and key. `key` is `<stage>/<digest>.json`."""

    definition: StageDefinition
    config: BaseModel
    version: str
    key: str

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as they stand in key and envelope."""
        return model_as_json(self.config)


def checkpoint_key(
    definition: StageDefinition, version: str, config: BaseModel, digests: Mapping[str, str], job_id: str
) -> str:
    """Where the result lies: a digest of stage, version, settings and of what is read. Of the job only if impure."""
    told: list[Any] = [definition.name, version, model_as_json(config), dict(digests)]
    if not definition.pure:
        told.append(job_id)
    return f"{definition.name}/{digest_of_json(told).removeprefix('sha256:')[:40]}.json"


def execute(call: StageCall, reads: Mapping[str, ValueHandle], ctx: RuntimeContext, blobs: BlobStore) -> Envelope:
    """Run the stage and write its values; the envelope itself is the caller's to store, last.

    Raises ContractError, EncodeError, StageFailed, or the stage's own StagewrightError, each naming the stage.
    """
    name = call.definition.name
    readers = {key: lambda handle=handle: handle.read(blobs) for key, handle in reads.items()}
    config = call.config.model_copy(deep=True)  # frozen on top only: what is inside is the stage's own copy
    ctx.begin(call.definition, blobs)
    state = DetectState(name, call.definition.all_reads, readers, config, ctx)
    started = time.perf_counter()
    with using(blobs):
        written = _run(call.definition, state)
        seconds = time.perf_counter() - started
        own, writes, refs = _write(call.definition, state, written, blobs)
    return Envelope(
        stage=name,
        version=call.version,
        key=call.key,
        settings=call.settings,
        reads={key: handle.digest for key, handle in reads.items()},
        writes=writes,
        own=own,
        blobs=_with_files(refs, ctx),
        failed=_failed(ctx),
        summary={key: _figures(name, f"the summary of {key!r}", _summary(value)) for key, value in written.items()},
        metrics=_figures(name, "its metrics", ctx.gathered_metrics),
        files=[file.to_json() for file in ctx.kept_files],
        job=ctx.job_id or "",
        made=datetime.now(UTC).isoformat(timespec="milliseconds"),
        seconds=round(seconds, 3),
    )


def _run(definition: StageDefinition, state: DetectState) -> dict[str, Any]:
    assert definition.fn is not None
    try:
        written = copy_context().run(definition.fn, state)  # what it sets there (autolog) ends with it
    except StagewrightError as error:
        raise _naming(error, definition.name) from error.__cause__
    except (Exception, SystemExit) as error:
        raise StageFailed(
            f"Stage {definition.name!r} failed: {type(error).__name__}: {error}", stage=definition.name
        ) from error
    _check_writes(definition, written)
    return written


def _naming(error: StagewrightError, stage: str) -> StagewrightError:
    if "stage" in error.context:
        return error
    return type(error)(f"Stage {stage!r}: {error.message}", **error.context, stage=stage)


def _check_writes(definition: StageDefinition, written: Any) -> None:
    declared, stage = definition.io.writes, definition.name
    if not isinstance(written, dict):
        kind = type(written).__name__
        raise ContractError(f"Stage {stage!r} must return a dict of its writes; it returned a {kind}.", stage=stage)
    if extra := sorted(set(written) - set(declared), key=str):
        problem = f"wrote {_list(extra)}, which it does not declare; it declares {_list(declared)}"
        raise ContractError(f"Stage {stage!r} {problem}.", stage=stage, key=extra[0])
    if missing := [key for key in declared if key not in written]:
        problem = f"left out {_list(missing)}, which it declares to write"
        raise ContractError(f"Stage {stage!r} {problem}.", stage=stage, key=missing[0])


def _list(keys: list[str]) -> str:
    return ", ".join(map(repr, keys)) or "nothing"


Written = tuple[dict[str, Any] | None, dict[str, StoredValue], list[BlobRef]]


def _write(definition: StageDefinition, state: DetectState, written: dict[str, Any], blobs: BlobStore) -> Written:
    with recording() as made:
        own = _own(definition, state, written)
        if own is not None:
            read_by = [definition.name, reading_version(definition)]
            writes = {k: StoredValue(None, None, digest_of_json([*read_by, k, own])) for k in definition.io.writes}
        else:
            writes = {k: _encoded(definition, k, written[k], blobs) for k in definition.io.writes}
        inside = [ref for value in writes.values() for ref in refs_in(value.value)]
        writes = {k: lightened(value, blobs) for k, value in writes.items()}
    found = [*made, *refs_in(own), *inside]
    return own, writes, list({ref["blob"]: ref for ref in found}.values())


def _encoded(definition: StageDefinition, key: str, value: Any, blobs: BlobStore) -> StoredValue:
    try:
        return encode_value(value, definition.write_types.get(key), blobs)
    except EncodeError as error:
        problem = f"Stage {definition.name!r}, key {key!r}: the value {error.message}."
        raise EncodeError(problem, stage=definition.name, key=key) from error.__cause__
    except RecursionError:
        problem = f"Stage {definition.name!r}, key {key!r}: the value holds itself, or is nested too deeply."
        raise EncodeError(problem, stage=definition.name, key=key) from None


def _own(definition: StageDefinition, state: DetectState, written: dict[str, Any]) -> dict[str, Any] | None:
    if definition.serialize_fn is None:
        return None
    name = definition.name
    try:
        own = definition.serialize_fn({**{key: state[key] for key in state}, **written}, state.job_id)
        own = as_json(own)
    except StagewrightError as error:
        raise _naming(error, name) from error.__cause__
    except (Exception, SystemExit) as error:
        raise EncodeError(
            f"Stage {name!r}: its serialize_fn failed or gave what is not JSON: {type(error).__name__}: {error}",
            stage=name,
        ) from error
    if not isinstance(own, dict):
        raise EncodeError(
            f"Stage {name!r}: its serialize_fn must give a dict; it gave {type(own).__name__}.", stage=name
        )
    return own


def _failed(ctx: RuntimeContext) -> dict[str, Any]:
    if not ctx.failed_items:
        return {}
    shown = [
        {"index": i.index, "kind": i.kind, "message": _writable(i.message)} for i in ctx.failed_items[:SHOWN_FAILED]
    ]
    return {"count": len(ctx.failed_items), "items": shown}


def _with_files(refs: list[BlobRef], ctx: RuntimeContext) -> list[BlobRef]:
    """What was logged with a file is as much part of the result as what was written: kept, verified, collected."""
    return list({ref["blob"]: ref for ref in (*refs, *(file.blob for file in ctx.kept_files))}.values())


def _figures(stage: str, what: str, value: Any) -> dict[str, Any]:
    """Figures for people as JSON: numbers of numpy as plain ones, what is not finite in words."""
    try:
        plain: dict[str, Any] = json.loads(json.dumps(_writable(value), default=_of_numpy))
    except (TypeError, ValueError) as error:
        raise EncodeError(f"Stage {stage!r}: {what} cannot be written as JSON: {error}.", stage=stage) from None
    return plain


def _writable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _writable(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_writable(part) for part in value]
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # names of files may hold what is no Unicode
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _of_numpy(value: Any) -> Any:
    if not hasattr(value, "tolist"):
        raise TypeError(f"there is a {type(value).__name__} in it")
    return _writable(value.tolist())


def _summary(value: Any) -> Mapping[str, Any]:
    if isinstance(value, DataType):
        return value.summary()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"bytes": len(value)}
    if isinstance(value, (list, dict, tuple)):
        return {"items": len(value)}
    return {"value": value} if isinstance(value, (bool, int, float)) else {}
