"""The faults of a plugin as one error."""

from __future__ import annotations

from collections.abc import Iterable

from stages.core.errors import PluginError
from stages.documents.faults import Fault


def refuse(plugin: str, faults: Iterable[Fault]) -> PluginError:
    """The error that carries all faults of a plugin; its message lists those that are errors."""
    listed = list(faults)
    errors = [fault for fault in listed if fault.severity == "error"]
    head = f"Plugin {plugin!r} has {len(errors)} fault{'s' if len(errors) != 1 else ''}:"
    return PluginError("\n  ".join([head, *map(str, errors)]), plugin=plugin, faults=listed)
