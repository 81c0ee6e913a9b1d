"""The work of the overhead benchmark: nothing but 1 MB of bytes and 10 kB of JSON for each of eight stages."""

from __future__ import annotations

from typing import Any

COUNT = 8
CHANGED = 5


def payload(stage: int, seed: int, before: bytes) -> bytes:
    """1 MB that depends on what came before, so that a change goes on to the end."""
    mark = f"{stage}/{seed}/{before[:24].hex()}".encode()
    return (mark + bytes(64))[:64] * 16384


def table(stage: int, seed: int) -> list[dict[str, Any]]:
    """About 10 kB of JSON."""
    return [{"row": i, "stage": stage, "seed": seed, "text": "x" * 20} for i in range(160)]
