"""What an executor may be asked to give its processes."""

from __future__ import annotations

from typing import Any

import pytest

from flows.executors import RayActorExecutor, RayJobExecutor
from stages.core.errors import UsageError


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"runtime_env": "x"}, "runtime_env is 'x', a str; expected a mapping, like"),
        ({"num_cpus": -1}, "num_cpus is -1; it must be a number, 0 or more"),
        ({"num_gpus": float("nan")}, "num_gpus is nan; it must be"),
        ({"num_gpus": "one"}, "num_gpus is 'one'; it must be"),
    ],
)
def test_what_no_process_can_be_given_is_refused_when_the_executor_is_made(asked: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        RayActorExecutor(**asked)
    if "runtime_env" in asked:
        with pytest.raises(UsageError, match=told):
            RayJobExecutor("http://127.0.0.1:1", **asked)
