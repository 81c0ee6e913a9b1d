"""What a stage is: the declaration that the engine works from, and nothing else.

`StageDefinition` is the only kind of stage the engine knows; the decorator makes one, and so does a plugin's action.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stages.core.config import StageConfigField, fields_of, model_of, strict

if TYPE_CHECKING:
    from pydantic import BaseModel

    from stages.core.datatype import DataType
    from stages.core.state import DetectState

Types = Mapping[str, "type[DataType]"]


@dataclass(frozen=True)
class StageIO:
    """The keys of the state that a stage reads and writes. `optional_reads` may be absent."""

    reads: list[str]
    writes: list[str]
    optional_reads: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Resources:
    """What one run of a stage needs of the machine that runs it, and so does each worker that deals with its items.

    `memory` in bytes. `memory_growth` is the factor by which a stage asks for more each time that its worker was lost,
    until it asks for all that the largest node has.
    """

    cpus: float = 1
    gpus: float = 0
    memory: int = 0
    memory_growth: float = 1
    custom: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class StageDefinition:
    """A stage.

    fn(state) -> dict of exactly the declared writes; `state` is a DetectState.
    serialize_fn(state, job_id) -> JSON-compatible dict, given the declared reads and writes;
    deserialize_fn(data, job_id) -> the writes again, given the id of the job that wrote. Both or neither.

    config_model     the settings as a pydantic model, and then `config_fields` is what a form shows of it; where there
                     is none, one is made of `config_fields`
    read_types, write_types   data types of keys; a key without one carries any value that can be stored
    resources, retries, timeout (seconds)   defaults that a profile may override
    version          raise it when the stage means something else though its code looks the same
    pure             False: never kept, runs every time
    depends          what else the result depends on: "rapidocr" (a library, by its version), "sha256:…" (a model)
    pinned           True: the version alone decides, the code is left out of it
    env              what `ctx.env` gives where the environment says nothing
    secrets          variables of `ctx.env` that hold secrets; one that the environment does not give is looked up where
                     secrets are kept, for stages that declare it only
    progress         categories of its progress and their weights, by which they become one
    """

    name: str
    label: str
    description: str
    io: StageIO
    config_fields: list[StageConfigField] = field(default_factory=list)
    category: str = "detection"
    fn: Callable[[DetectState], dict[str, Any]] | None = None
    serialize_fn: Callable[[dict[str, Any], str], dict[str, Any]] | None = None
    deserialize_fn: Callable[[dict[str, Any], str], dict[str, Any]] | None = None
    config_model: type[BaseModel] | None = field(default=None, kw_only=True)
    read_types: Types = field(default_factory=dict, kw_only=True)
    write_types: Types = field(default_factory=dict, kw_only=True)
    resources: Resources = field(default_factory=Resources, kw_only=True)
    retries: int = field(default=0, kw_only=True)
    timeout: float | None = field(default=None, kw_only=True)
    version: str = field(default="1", kw_only=True)
    pure: bool = field(default=True, kw_only=True)
    depends: tuple[str, ...] = field(default=(), kw_only=True)
    pinned: bool = field(default=False, kw_only=True)
    env: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    secrets: tuple[str, ...] = field(default=(), kw_only=True)
    progress: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    source: Callable[..., Any] | None = field(default=None, kw_only=True, repr=False)
    """The function whose code counts for the version, where it is not `fn` itself (a decorated one)."""
    loaded: int = field(default_factory=time.time_ns, kw_only=True, repr=False)
    """When this was made, ns: code that was written later is not the code that this process runs."""

    def __post_init__(self) -> None:
        if self.config_model is not None:
            object.__setattr__(self, "config_fields", fields_of(self.config_model))

    @cached_property
    def settings(self) -> type[BaseModel]:
        """The model that checks this stage's settings."""
        return strict(self.config_model) if self.config_model else model_of(self.name, self.config_fields)

    @property
    def code(self) -> Callable[..., Any] | None:
        """The function that the author wrote."""
        return self.source or self.fn

    @property
    def all_reads(self) -> list[str]:
        """Required and optional reads."""
        return [*self.io.reads, *self.io.optional_reads]
