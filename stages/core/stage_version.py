"""The version of a stage: what its author declares, and a fingerprint of the code that it runs."""

from __future__ import annotations

import hashlib
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from stages.core.code_files import code_files
from stages.core.definition import StageDefinition
from stages.core.errors import DefinitionError
from stages.core.fingerprint import code_fingerprint


def stage_version(definition: StageDefinition) -> str:
    """`<declared>+<12 hex digits>`; the declared one alone where the stage is pinned and depends on nothing."""
    parts = [_dependency(definition.name, name) for name in definition.depends]
    if not definition.pinned:
        written = (definition.code, definition.serialize_fn, definition.deserialize_fn)
        parts += dict.fromkeys(_checked(definition, fn) for fn in written if fn is not None)
        parts += [f"{name}={value}" for name, value in sorted(definition.env.items())]  # it comes with the code
    if not parts:
        return definition.version
    return f"{definition.version}+{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:12]}"


def reading_version(definition: StageDefinition) -> str:
    """What stands for the way in which a stage's own form is read: the same JSON is another value for other code."""
    if definition.pinned or definition.deserialize_fn is None:
        return definition.version
    return f"{definition.version}+{_checked(definition, definition.deserialize_fn)[:12]}"


def _checked(definition: StageDefinition, fn: Any) -> str:
    """The fingerprint, if the files still hold the code that was loaded from them. Raises DefinitionError.

    A time that lies ahead tells of a clock that is wrong, not of a change.
    """
    for module, path in code_files(fn).items():
        if module in sys.modules and definition.loaded < path.stat().st_mtime_ns <= time.time_ns():
            what = f"{path} has changed since this process loaded it"
            raise DefinitionError(
                f"Stage {definition.name!r}: {what}, so its results could not be told from those of the old code. "
                "Start the process again.",
                stage=definition.name,
            )
    return code_fingerprint(fn)


def _dependency(stage: str, name: str) -> str:
    if ":" in name:  # a digest
        return name
    try:
        return f"{name}=={version(name)}"
    except PackageNotFoundError:
        raise DefinitionError(f"Stage {stage!r} depends on {name!r}, which is not installed.", stage=stage) from None
