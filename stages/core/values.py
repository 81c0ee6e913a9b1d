"""Values as they are stored: JSON with references to blobs, under a digest.

A value whose data type is declared is written by that type. Any other is written by what it is: JSON as it stands, and
marked with ``$type`` what JSON has no word for (bytes, arrays, NaN, a data type's instance inside a list).
Whatever the value, an envelope stays light: long JSON lies in a blob of its own (`lightened`).
"""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass, replace
from typing import Any

from stages.core.blobs import BlobStore, is_ref
from stages.core.datatype import DataType, Json, find_type
from stages.core.digests import as_json, digest_of_json
from stages.core.errors import EncodeError, EnvelopeDamaged, StagewrightError

MARK = "$type"

LONG = 256 << 10
"""Bytes of JSON from which on a value lies beside the envelope, not in it. What of a value is in the envelope goes
through every process that only passes it on."""


@dataclass(frozen=True)
class StoredValue:
    """One named value as it is stored. `type` names its data type; None: written by what it is."""

    type: str | None
    value: Json
    digest: str


def encode_value(value: Any, declared: type[DataType] | None, blobs: BlobStore) -> StoredValue:
    """Write a value. Raises EncodeError that says what stands in the way."""
    if declared is not None and not isinstance(value, declared):
        raise EncodeError(f"is declared {declared.name}, but the stage gave a {type(value).__name__}")
    if isinstance(value, DataType):
        data, kind = _by_its_type(value, blobs, ""), type(value)
        return StoredValue(kind.name, data, digest_of_json([kind.name, kind.identity(data)]))
    data = as_json(_plain(value, blobs, ""))
    return StoredValue(None, data, digest_of_json([None, data]))


def lightened(stored: StoredValue, blobs: BlobStore) -> StoredValue:
    """The same value, its JSON in a blob where it is long. The digest stays."""
    data = json.dumps(stored.value, ensure_ascii=False, allow_nan=False).encode()  # keys stay in their order
    if len(data) < LONG:
        return stored
    return replace(stored, value={MARK: "json", "is": blobs.put(data, "application/json")})


def decode_value(stored: StoredValue, blobs: BlobStore) -> Any:
    """Read a value back; a new object at every call, so no reader sees what another did to it."""
    data = stored.value
    if isinstance(data, dict) and data.get(MARK) == "json":
        data = json.loads(blobs.get(data["is"]))
    if stored.type is None:
        return _read(data, blobs)
    return _read_typed(stored.type, data, blobs)


def _by_its_type(value: DataType, blobs: BlobStore, path: str) -> Json:
    place, name = _at(path), type(value).name
    try:
        encoded = value.encode(blobs)
    except StagewrightError:
        raise
    except Exception as error:
        raise EncodeError(f"{place}cannot be written by {name}.encode: {type(error).__name__}: {error}") from error
    try:
        return as_json(encoded)
    except (TypeError, ValueError) as error:
        raise EncodeError(f"{place}cannot be written: {name}.encode gave what is not JSON: {error}") from None


def _plain(value: Any, blobs: BlobStore, path: str) -> Json:
    import numpy as np

    match value:
        case None | bool() | int():
            return value
        case str():
            return _text(value, path)
        case float():
            return value if math.isfinite(value) else {MARK: "float", "is": str(value)}
        case dict():
            return _plain_dict(value, blobs, path)
        case list() | tuple():
            return [_plain(part, blobs, f"{path}[{i}]") for i, part in enumerate(value)]
        case bytes() | bytearray() | memoryview():
            return {MARK: "bytes", "is": blobs.put(bytes(value))}
        case DataType():
            return {MARK: value.name, "is": _by_its_type(value, blobs, path)}
        case np.ndarray() if not value.dtype.hasobject and not isinstance(value, np.ma.MaskedArray):
            return {MARK: "ndarray", "is": blobs.put(_npy(value), "application/x-npy")}
        case np.generic() if not isinstance(plain := value.item(), np.generic):
            return _plain(plain, blobs, path)
    raise EncodeError(
        f"{_at(path)}is a {type(value).__name__}, which has no form of its own in the store; "
        "give JSON, bytes, a numpy array or a data type, or declare a serialize_fn"
    )


def _at(path: str) -> str:
    return f"at {path} " if path else ""


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise EncodeError(f"{_at(path)}is text that UTF-8 cannot hold ({error.reason}): {value!r}") from None
    return value


def _plain_dict(value: dict[Any, Any], blobs: BlobStore, path: str) -> Json:
    for key in value:
        if not isinstance(key, str):
            raise EncodeError(f"{_at(path)}has the key {key!r}; keys must be text")
        _text(key, path)
    plain = {key: _plain(part, blobs, f"{path}.{key}" if path else key) for key, part in value.items()}
    if is_ref(plain):  # JSON that only looks like a reference must not be taken for one
        return {MARK: "pairs", "is": [[key, part] for key, part in plain.items()]}
    return {MARK: "dict", "is": plain} if MARK in plain else plain


def _npy(array: Any) -> bytes:
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _read(data: Json, blobs: BlobStore) -> Any:
    if isinstance(data, list):
        return [_read(part, blobs) for part in data]
    if not isinstance(data, dict):
        return data
    if MARK not in data:
        return {key: _read(part, blobs) for key, part in data.items()}
    return _read_marked(data[MARK], data["is"], blobs)


def _read_marked(mark: str, data: Json, blobs: BlobStore) -> Any:
    match mark:
        case "float":
            return float(data)
        case "dict":
            return {key: _read(part, blobs) for key, part in data.items()}
        case "pairs":
            return {key: _read(part, blobs) for key, part in data}
        case "bytes":
            return blobs.get(data)
        case "ndarray":
            import numpy as np

            return np.load(io.BytesIO(blobs.get(data)), allow_pickle=False)
        case _:
            return _read_typed(mark, data, blobs)


def _read_typed(name: str, data: Json, blobs: BlobStore) -> Any:
    try:
        kind = find_type(name)
    except KeyError as error:
        raise EnvelopeDamaged(f"A stored value cannot be read: {error.args[0]}", type=name) from None
    return kind.decode(as_json(data), blobs)
