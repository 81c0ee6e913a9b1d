"""A data type: the meaning of a named value, and how such a value writes and reads itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from stages.core.blobs import BlobStore
from stages.core.errors import DefinitionError, UsageError
from stages.core.plugin_package import plugin_of

Json = Any

_types: dict[str, type[DataType]] = {}


class DataType:
    """Base of all data types. A subclass is the type; its instances are the values that stages get and give.

    A type that is to be stored overrides `encode` and `decode`; what they exchange is JSON with references to blobs.
    One that can be an input of a job overrides `from_address`. Types are found by their class or by `name`, which is
    the class's by default; before that of a plugin's type stands the plugin's code, as in `yolo.Anchors`.
    """

    name: ClassVar[str] = "DataType"
    format: ClassVar[str] = "json"
    description: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in cls.__dict__:
            plugin = plugin_of(cls.__module__)
            cls.name = f"{plugin}.{cls.__name__}" if plugin else cls.__name__
        known = _types.get(cls.name)
        if known is not None and _place(known) != _place(cls):
            raise DefinitionError(
                f"Data type {cls.name!r} of {cls.__module__} has the name of one of {known.__module__}; rename one.",
                type=cls.name,
            )
        _types[cls.name] = cls

    def encode(self, blobs: BlobStore) -> Json:
        """This value as JSON; what is binary goes into `blobs` and is referred to."""
        raise NotImplementedError

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Self:
        """The value that `encode` gave `data` for."""
        raise NotImplementedError

    @classmethod
    def identity(cls, data: Json) -> Json:
        """What of the encoded value counts as its content; the digest is taken of this. All of it, by default."""
        return data

    def summary(self) -> Mapping[str, Json]:
        """A few figures for people (counts, seconds), shown beside the stage that wrote the value."""
        return {}

    def publish(self, job: Mapping[str, Json], blobs: BlobStore) -> Mapping[str, bytes]:
        """Files that a job's folder gets when this value is one of its outputs, by name. `job` says what a stage
        must not know: job_id, profile, inputs, stages (seconds, status), settings, versions."""
        return {}

    @classmethod
    def from_address(cls, address: str) -> Self:
        """The value for a job's input given as a path or URI. Raises InputError."""
        raise UsageError(f"A {cls.name} cannot be given as an input of a job.", type=cls.name)

    @classmethod
    def is_compatible_with(cls, other: type[DataType]) -> bool:
        """Whether a value of one may be read as the other: either derives from the other."""
        return issubclass(cls, other) or issubclass(other, cls)

    @classmethod
    def can_write(cls) -> bool:
        """Whether the type says how to write and read itself."""
        own, bare = cls.decode.__func__, DataType.decode.__func__  # type: ignore[attr-defined]  # a class method has it
        return cls.encode is not DataType.encode and own is not bare


def _place(kind: type[DataType]) -> tuple[str | None, str, str]:
    """What tells a class from others of its name. Of two folders of one plugin, the one that was read last counts."""
    plugin, module = plugin_of(kind.__module__), kind.__module__
    return plugin, module.partition(".")[2] if plugin else module, kind.__qualname__


def find_type(name: str | type[DataType]) -> type[DataType]:
    """A data type by its class or name; a plugin's also without the plugin's code, where one plugin alone has such.

    Raises KeyError that names it and the nearest match.
    """
    if isinstance(name, type):
        return name
    if name in _types:
        return _types[name]
    of_plugins = [known for known in _types if known.rpartition(".")[2] == name]
    if len(of_plugins) == 1:
        return _types[of_plugins[0]]
    from stages.core.suggest import did_you_mean

    raise KeyError(f"There is no data type {name!r}{did_you_mean(name, _types)}")


def list_types() -> list[type[DataType]]:
    """All data types, by name."""
    return [_types[name] for name in sorted(_types)]
