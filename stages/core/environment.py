"""The settings that a plugin takes from outside: variables, a TOML file, its config; each knows where it came from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from stages.core.environment_file import read_toml
from stages.core.environment_values import boolean, listed, number, shown, text, whole
from stages.core.errors import UsageError
from stages.core.suggest import nearest

T = TypeVar("T")
R = TypeVar("R")

GIVEN = "what the plugin's config and the environment give"


class MissingVariable(UsageError, KeyError):
    """A plugin asked its environment for a key that is nowhere, and gave no default."""


class WrongVariable(UsageError, ValueError):
    """What a plugin found in its environment is not what it asked for."""


class _Required:
    """Stands for a default that was not given; None is a default like any other."""


REQUIRED = _Required()


@dataclass(frozen=True)
class Source:
    """Where values come from, in words; `prefix` only where that is the environment of the process."""

    words: str
    prefix: str | None = None

    def of(self, key: str) -> str:
        """Where the value of this key is, or would have to be."""
        return self.words if self.prefix is None else f"variable {self.prefix}{key} of the environment"


BY_HAND = Source("what the code put in")


class PluginEnvironment(dict[str, Any]):
    """A mapping of a plugin's settings from outside, with checked ways to read them.

    `get_int("least")` and its kind raise MissingVariable (a KeyError) where there is neither value nor default, and
    WrongVariable (a ValueError) where the value is no such thing; both name the key and where it came from. A default
    is returned as it is. Neither `repr` nor an error shows what may be a secret.

    It is made as any dict is; only `source` is no key: it says where the values come from.
    """

    def __init__(
        self, values: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), /, *, source: str | None = None, **more: Any
    ) -> None:
        super().__init__(values, **more)
        kept = values if source is None and isinstance(values, PluginEnvironment) else None
        self._origins: tuple[Source, ...] = kept._origins if kept is not None else (Source(source or GIVEN),)
        self._sources: dict[str, Source] = dict(kept._sources) if kept is not None else {}
        if source is None:
            self._sources.update(dict.fromkeys(more, BY_HAND))

    @classmethod
    def from_environ(cls, prefix: str = "PLUGIN_") -> Self:
        """The variables of this process whose names begin with `prefix`, which is cut off; all where it is empty."""
        cut = len(prefix)
        named = {name[cut:]: value for name, value in os.environ.items() if name.startswith(prefix) and name[cut:]}
        return cls._of(named, (Source("the environment", prefix),), {})

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """The keys of a TOML file. Those of a table get its name before them: `size` of `[cache]` is `cache_size`.

        Only the table `[env]` gives its keys as they are, as `env` of a plugin's config does. Raises UsageError, with
        file and line, for a file that is missing, is no TOML, or says one key twice.
        """
        return cls(read_toml(Path(path)), source=f"file {path}")

    @classmethod
    def _of(cls, values: Mapping[str, Any], origins: tuple[Source, ...], sources: Mapping[str, Source]) -> Self:
        made = cls(values)
        made._origins, made._sources = origins, dict(sources)
        return made

    def merge(self, other: Mapping[str, Any]) -> Self:
        """A new environment with the keys of both; where both have one, that of `other`. Neither is changed."""
        later = other if isinstance(other, PluginEnvironment) else PluginEnvironment(other)
        earlier = tuple(source for source in self._origins if source not in later._origins)
        sources = {key: (later if key in later else self)._source(key) for key in {**self, **later}}
        return self._of({**self, **later}, later._origins + earlier, sources)

    def source(self, key: str) -> str:
        """Where the value of this key came from, in words; where it was looked for, if it is not there."""
        if key in self:
            return self._source(key).of(key)
        return "; ".join(source.of(key) for source in self._origins)

    def get_str(self, key: str, default: T | _Required = REQUIRED) -> str | T:
        """Text; numbers, dates and booleans of a file as they would be written there."""
        return self._read(key, default, text, "text")

    def get_int(self, key: str, default: T | _Required = REQUIRED) -> int | T:
        """A whole number: 5 or "5", not 5.0, "5.5" or true."""
        return self._read(key, default, whole, "a whole number, such as 5")

    def get_float(self, key: str, default: T | _Required = REQUIRED) -> float | T:
        """A finite number."""
        return self._read(key, default, number, "a finite number, such as 0.5")

    def get_bool(self, key: str, default: T | _Required = REQUIRED) -> bool | T:
        """true, 1, yes, on, or false, 0, no, off, in capitals or not."""
        return self._read(key, default, boolean, "true or false (1/0, yes/no and on/off will do)")

    def get_list(self, key: str, default: T | _Required = REQUIRED) -> list[Any] | T:
        """A list as it is; of text what stands between its commas, without blanks around it and without empty items."""
        return self._read(key, default, listed, "a list, or text with commas")

    def _read(self, key: str, default: T | _Required, parse: Callable[[Any], R | None], expected: str) -> R | T:
        if key not in self:
            if isinstance(default, _Required):
                raise self._missing(key)
            return default
        if (value := parse(self[key])) is None:
            raise WrongVariable(
                f"The setting {key!r} ({self.source(key)}) is {shown(key, self[key])}; expected {expected}.",
                key=key,
                source=self.source(key),
            )
        return value

    def _missing(self, key: str) -> MissingVariable:
        close = nearest(key, self)
        hint = f" Did you mean {close!r}?" if close else ""
        return MissingVariable(
            f"The setting {key!r} is missing; looked for in: {self.source(key)}. Set it there.{hint}",
            key=key,
            source=self.source(key),
        )

    def _source(self, key: str) -> Source:
        return self._sources.get(key, self._origins[0])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(sorted(map(str, self)))}; values are not shown)"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(self), self._origins, self._sources)

    def __setitem__(self, key: str, value: Any) -> None:
        """A value that is put in by hand comes from the code, not from where an earlier one did."""
        super().__setitem__(key, value)
        self._sources[key] = BY_HAND

    def update(self, *values: Any, **more: Any) -> None:
        for key, value in dict(*values, **more).items():
            self[key] = value

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def __ior__(self, other: Any) -> Self:  # type: ignore[override]  # dict's is overloaded
        self.update(other)
        return self

    def __or__(self, other: Any) -> Any:
        return self.merge(other) if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: Any) -> Any:
        return type(self)(other).merge(self) if isinstance(other, Mapping) else NotImplemented

    def copy(self) -> Self:
        return type(self)(self)


def _rebuild(
    kind: type[PluginEnvironment],
    values: Mapping[str, Any],
    origins: tuple[Source, ...],
    sources: Mapping[str, Source],
) -> PluginEnvironment:
    return kind._of(values, origins, sources)
