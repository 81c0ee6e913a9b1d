"""What a plugin's config says of an action, where the action's class says nothing.

It is put on the class itself, which other processes know by its name. What the code says is remembered, so that a
config that has changed meanwhile is heard, and a class that derives from an action takes over nothing said of that one.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

from stages.plugins.action import BaseAction, NoParams

Action = type[BaseAction[Any]]

_OF_CODE = "_said_by_code"
_NOTHING = object()


def fill_in(action: Action, said: Mapping[str, Any]) -> None:
    """Set the attributes that the code leaves out; of those that nothing is said of, the code's are there again."""
    own = vars(action)
    if _OF_CODE not in own:
        setattr(action, _OF_CODE, {name: own.get(name, _NOTHING) for name in said})
    for name, value in said.items():
        of_code = said_by_code(action, name)
        setattr(action, name, of_code if value is None or _is_said(action, name, of_code) else value)


def said_by_code(action: Action, name: str) -> Any:
    """An attribute as it stands in the code of the class or its bases, whatever configs put there."""
    for cls in action.__mro__:
        own = vars(cls)
        found = own.get(_OF_CODE, {}).get(name, own.get(name, _NOTHING))
        if found is not _NOTHING:
            return found
    return None


def twin(action: Action) -> Action:
    """A class that is another in all; for a second action of a config that names the same class."""
    body = {"__module__": action.__module__, "__qualname__": action.__qualname__, "__doc__": action.__doc__}
    return types.new_class(action.__name__, (action,), exec_body=lambda space: space.update(body))


def _is_said(action: Action, name: str, of_code: Any) -> bool:
    if name == "action_name":
        return not action._named_by_class
    return of_code is not None and of_code is not NoParams
