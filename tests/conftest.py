"""What holds for every test: it does today what it did yesterday, and leaves this process as it found it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No deadline: the first example pays for imports, all for neighbours on the machine. The examples of a law are the same
# in every run, so that a change is never held up by what it did not touch; look for new ones now and then with
# `pytest tests/unit --hypothesis-profile=explore`.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("same")


@pytest.fixture(autouse=True)
def _process_as_it_was() -> Iterator[None]:
    """A test may run commands in this process, which tell Prefect and Ray by the environment where they are.

    Prefect also keeps the settings that it had when it was imported, or told to read them anew: a test of another file
    would ask the server of this one.
    """
    variables, settings = dict(os.environ), _prefect_settings()
    yield
    _restore(variables)
    if _prefect_settings() is not settings:
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()


def _prefect_settings() -> object:
    """Those that this process uses; None before anybody has imported Prefect."""
    prefect = sys.modules.get("prefect.context")
    return prefect and prefect.get_settings_context()


def _restore(variables: dict[str, str]) -> None:
    for name in os.environ.keys() | variables.keys():
        if name not in variables:
            del os.environ[name]
        elif os.environ.get(name) != variables[name]:
            os.environ[name] = variables[name]
