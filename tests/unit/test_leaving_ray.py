"""How a process leaves a Ray cluster."""

from __future__ import annotations

import gc

import pytest
import ray

from flows.places.ray_connection import disconnect


@pytest.mark.parametrize("collects", [True, False])
def test_no_garbage_is_collected_meanwhile(monkeypatch: pytest.MonkeyPatch, collects: bool) -> None:
    """A stream of results that a collector freed in another thread, while Ray shut down, ended the process at once."""
    meanwhile = []
    monkeypatch.setattr(ray, "shutdown", lambda: meanwhile.append(gc.isenabled()))
    if not collects:
        gc.disable()
    try:
        disconnect()
        assert (meanwhile, gc.isenabled()) == ([False], collects)
    finally:
        gc.enable()


def test_it_is_again_when_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise RuntimeError("the node is gone")

    monkeypatch.setattr(ray, "shutdown", fails)
    with pytest.raises(RuntimeError, match="the node is gone"):
        disconnect()
    assert gc.isenabled()
