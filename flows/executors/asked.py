"""What an executor is asked to give its processes, checked when it is made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from stages.core.errors import UsageError


def check_runtime_env(given: object) -> None:
    """Raise UsageError for a runtime_env that is no mapping; what is in it is Ray's to say."""
    if given is not None and not isinstance(given, Mapping):
        problem = f"runtime_env is {given!r:.60}, a {type(given).__name__}; expected a mapping"
        raise UsageError(f"{problem}, like {{'env_vars': {{'UNIT': 'points'}}}}.")


def check_amounts(**asked: Any) -> None:
    """Raise UsageError for an amount of a resource, by its name, that is no number from 0."""
    for name, amount in asked.items():
        if not isinstance(amount, int | float) or isinstance(amount, bool) or not 0 <= amount < math.inf:
            raise UsageError(f"{name} is {amount!r:.60}; it must be a number, 0 or more.")
