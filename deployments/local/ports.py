"""Ports on 127.0.0.1, chosen once and then remembered."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Collection, Sequence

from stages.core.errors import ServiceUnreachable

LOOPBACK = "127.0.0.1"

# Below the ports that Linux (32768 on) and macOS (49152 on) give to outgoing connections: a port kept for weeks must
# not be somebody's passing one at the next start. Highest offset of a service is well below the rest of the range.
FIRST, LAST = 20_000, 31_900


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: old connections do not count
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def all_free(base: int, offsets: Sequence[int]) -> bool:
    """Whether every port that a service needs, `base` plus each offset, is free."""
    return all(is_free(base + offset) for offset in offsets)


def choose(offsets: Sequence[int], avoid: Collection[int] = (), tries: int = 200) -> int:
    """A base port whose offsets are all free, at random, so that two homes seldom want the same.

    `avoid`: ports that are promised to a server which does not listen yet.
    """
    for _ in range(tries):
        base = secrets.choice(range(FIRST, LAST))
        if not any(base + offset in avoid for offset in offsets) and all_free(base, offsets):
            return base
    raise ServiceUnreachable(
        f"No {len(offsets)} free ports were found on {LOOPBACK} between {FIRST} and {LAST} in {tries} tries. "
        "Stop what listens there, or name outside services with STAGEWRIGHT_S3_BUCKET and PREFECT_API_URL."
    )


def accepts(port: int, seconds: float = 1) -> bool:
    """Whether somebody listens there: fast, and true as well of a server too busy to answer in time."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=seconds).close()
    except TimeoutError:
        return True  # its queue is full; a refusal would have come at once
    except OSError:
        return False
    return True
