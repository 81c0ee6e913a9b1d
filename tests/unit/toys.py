"""Stages and data types for tests of profiles: a pipeline as long as the shipped one, that does nothing."""

from __future__ import annotations

from textwrap import dedent
from typing import Any, Literal

import pytest
from pydantic import Field

from flows.graph.check import check_profile
from flows.load import parse_profile
from flows.profiles.model import Profile
from stages.core import registry
from stages.core.config import StageConfig
from stages.core.datatype import DataType
from stages.core.decorator import stage
from stages.core.errors import ProfileError
from stages.documents.faults import Fault


class Toy(DataType):
    """A data type that can write itself."""

    name = "Toy"

    def encode(self, blobs: Any) -> Any:
        return {}

    @classmethod
    def decode(cls, data: Any, blobs: Any) -> Any:
        return cls()


class ToyClip(Toy):
    """A film."""


class ToyPictures(Toy):
    """Pictures of a film."""


class ToyBestPictures(ToyPictures):
    """Pictures that are worth a look."""


class ToyWords(Toy):
    """Words in pictures."""


class ToyPage(Toy):
    """A page to be published."""

    def publish(self, job: Any, blobs: Any) -> dict[str, bytes]:
        return {"page.html": b""}


class Cutting(StageConfig):
    """How to cut."""

    rate: float = Field(2, gt=0, le=60, description="Pictures a second")
    size: int = Field(960, ge=16, le=4096, description="Longest side in pixels")
    mode: Literal["fast", "exact"] = "fast"
    grey: bool = False


class Tolerance(StageConfig):
    """A nested part of settings."""

    letters: int = Field(1, ge=0)
    ignore_case: bool = True


class Finding(StageConfig):
    """What to find; the names have no default."""

    names: list[str] = Field(min_length=1)
    threshold: float = Field(84, ge=0, le=100)
    code: str = Field("AB1", pattern="^[A-Z]{2}[0-9]$")
    tolerance: Tolerance = Tolerance()


class Odd(StageConfig):
    """Settings that JSON has no word for."""

    kinds: frozenset[str] = frozenset({"a"})
    made_by: type = int


def register_toys() -> None:
    """Register the pipeline: cut_pictures, sort_pictures, read_words, find_names, sum_up; and odd ones."""

    @stage(writes=["pictures"], category="toys", label="Cut pictures", retries=2, timeout=60)
    def cut_pictures(clip: ToyClip, config: Cutting) -> ToyPictures: ...

    @stage(writes=["pictures"], category="toys")
    def sort_pictures(pictures: ToyPictures) -> ToyPictures: ...

    @stage(writes=["words"], category="toys")
    def read_words(pictures: ToyPictures) -> ToyWords: ...

    @stage(writes=["findings", "leftovers"], category="toys")
    def find_names(words: ToyWords, config: Finding) -> tuple[ToyWords, ToyWords]: ...

    @stage(writes=["summary"], category="toys")
    def sum_up(findings: ToyWords, leftovers: ToyWords | None = None, pictures: ToyPictures | None = None) -> dict: ...

    @stage(writes=["heat"], category="toys")
    def warm(clip: ToyClip, config: Odd) -> dict[str, int]: ...

    @stage(writes=["page"], category="toys")
    def print_page(findings: ToyWords) -> ToyPage: ...


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy stages are registered during a test, and forgotten after it."""
    registry.list_stages()  # what is installed is loaded once only, and must not be forgotten with the toys
    monkeypatch.setattr(registry, "_stages", dict(registry._stages))
    register_toys()


GOOD = """\
name: toy
inputs: {clip: ToyClip}
stages:
  - cut_pictures: {rate: 5}
  - sort_pictures
  - read_words
  - find_names: {names: [Ada]}
  - sum_up
"""


def toy(stages: str = "", inputs: str = "{clip: ToyClip}", **heading: str) -> str:
    """The text of a profile with these entries, the first in line 4 if no more of a heading is given."""
    lines = ["name: toy", f"inputs: {inputs}", *(f"{key}: {value}" for key, value in heading.items()), "stages:"]
    return "\n".join(lines) + "\n" + dedent(stages).strip("\n") + "\n"


def parse(text: str) -> Profile:
    """A profile in `toy.yaml`."""
    return parse_profile(text, "toy.yaml")


def faults_of(text: str, **changes: Any) -> list[Fault]:
    """Every fault and warning of a text, of its form and of its graph."""
    try:
        return check_profile(parse(text), **changes)[1]
    except ProfileError as error:
        found: list[Fault] = error.context["faults"]
        return found


def fault_of(text: str, **changes: Any) -> str:
    """The one fault of a text, as people see it."""
    found = faults_of(text, **changes)
    assert len(found) == 1, "\n".join(map(str, found))
    return str(found[0])
