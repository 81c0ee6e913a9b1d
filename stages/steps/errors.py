"""What can go wrong with steps. All survive pickling, and are what a Python user expects besides.

StagewrightError
├── UnknownStep         no step of that name is registered (a KeyError too)
├── UnfitStep           a step cannot be registered: name taken or missing, weight that is none (a ValueError too)
├── StageFailed
│   └── StepFailed      a step failed, and what had finished was rolled back (a RuntimeError too)
└── InputError
    └── StepInputError  the same, because the input is wrong: never retried (a RuntimeError too)
"""

from __future__ import annotations

from stages.core.errors import InputError, StageFailed, StagewrightError


class UnknownStep(StagewrightError, KeyError):
    """No step of that name is registered."""


class UnfitStep(StagewrightError, ValueError):
    """A step cannot be registered as it is."""


class StepFailed(StageFailed, RuntimeError):
    """A step failed; `__cause__` is what it raised, if it raised.

    `context`: `step`, `error` (its text), `rolled_back` (names, in that order) and `not_rolled_back` (name: error).
    As a StageFailed it is retried where the stage declares retries.
    """


class StepInputError(InputError, RuntimeError):
    """A step found the input wrong. As StepFailed, but never retried."""
