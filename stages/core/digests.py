"""Digests, and the one way in which JSON is written where a digest is taken of it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel


def digest_of(data: bytes) -> str:
    """`sha256:` and the hex digest. (sha256 runs at 2 GB/s and is S3's own checksum: nothing faster is needed.)"""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces. Raises ValueError for NaN and infinities, TypeError for what is not JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def as_json(value: Any) -> Any:
    """The value as it comes back from a JSON document, a new object: tuples as lists, keys as text, numbers as plain
    ones. Raises ValueError and TypeError as `canonical` does."""
    return json.loads(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())


def digest_of_json(value: Any) -> str:
    """The digest of a JSON value, whatever the order of its keys."""
    return digest_of(canonical(value))


def model_as_json(model: BaseModel) -> dict[str, Any]:
    """A model's fields as JSON, the same in every process: sets are sorted, whose own order differs between them."""
    ordered: dict[str, Any] = _in_order(model, model.model_dump(mode="json"))
    return ordered


def _in_order(value: Any, dumped: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(dumped, key=canonical)
    if isinstance(value, BaseModel) and isinstance(dumped, dict):
        return {name: _in_order(getattr(value, name, None), part) for name, part in dumped.items()}
    if isinstance(value, dict) and isinstance(dumped, dict) and len(value) == len(dumped):
        parts = zip(value.values(), dumped.items(), strict=True)
        return {name: _in_order(given, part) for given, (name, part) in parts}
    if isinstance(value, (list, tuple)) and isinstance(dumped, list) and len(value) == len(dumped):
        return [_in_order(given, part) for given, part in zip(value, dumped, strict=True)]
    return dumped
