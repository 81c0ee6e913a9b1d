"""What is wanted against what is there, leaf by leaf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["create", "change", "same", "unwanted"]
NOTHING = object()


@dataclass(frozen=True)
class Difference:
    """One value that is not as it should be; NOTHING where there is none. `path` is dotted."""

    path: str
    there: Any
    wanted: Any

    def to_json(self) -> dict[str, Any]:
        """As `--json` shows it: a side where there is nothing is left out."""
        sides = {"there": self.there, "wanted": self.wanted}
        return {"path": self.path, **{side: value for side, value in sides.items() if value is not NOTHING}}


@dataclass(frozen=True)
class Change:
    """What would be done to one thing of the server, a deployment or a limit, say."""

    what: str
    kind: Kind
    differences: tuple[Difference, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return {"what": self.what, "kind": self.kind, "differences": [found.to_json() for found in self.differences]}


def compare(what: str, there: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> Change:
    """The change that makes `there` what is wanted; None is nothing yet."""
    if there is None:
        return Change(what, "create")
    found = tuple(differences(there, wanted))
    return Change(what, "change" if found else "same", found)


def differences(there: Any, wanted: Any, path: str = "") -> Iterator[Difference]:
    """Every leaf that differs. A list is one leaf."""
    if isinstance(there, Mapping) and isinstance(wanted, Mapping):
        for key in {**there, **wanted}:
            yield from differences(there.get(key, NOTHING), wanted.get(key, NOTHING), f"{path}.{key}".lstrip("."))
    elif there != wanted:
        yield Difference(path, there, wanted)
