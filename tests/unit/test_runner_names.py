"""How a runner may be called."""

from __future__ import annotations

import pytest

from flows.places.names import check_runner
from stages.core.errors import UsageError


@pytest.mark.parametrize(
    "name", ["threads", "ray", "auto", "10.0.0.1:6379", "head.cluster-1.local:6379", "[2001:db8::1]:6379"]
)
def test_these_are_runners(name: str) -> None:
    check_runner(name)


@pytest.mark.parametrize("name", ["", "rays", "10.0.0.1", "head:", "head:port", "http://head:6379", "head:6379/x"])
def test_these_are_not(name: str) -> None:
    with pytest.raises(UsageError, match="There is no runner") as refused:
        check_runner(name)
    assert refused.value.context["runner"] == name
    assert "any other cluster is named by its head, HOST:PORT" in str(refused.value)


def test_a_word_that_is_nearly_one_is_named() -> None:
    with pytest.raises(UsageError, match="did you mean 'threads'"):
        check_runner("thread")
