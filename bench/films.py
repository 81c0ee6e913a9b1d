"""The films of the accuracy table: rendered into a folder once, and used again as long as they lie there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.film import Truth
from bench.plan import Wishes
from bench.repeat import repeat_film
from bench.sample import render_drawn

PART_S = 60
"""Seconds of a long film that are rendered; the rest is their repetition."""
LONG = Wishes(seed=21, seconds=PART_S, size=(1280, 720), fps=25)
"""A long film is made of this."""


@dataclass(frozen=True)
class Sample:
    """A film and its truth."""

    name: str
    video: Path
    truth: Truth

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return float(len(self.truth["frames"]) / self.truth["meta"]["fps"])


def given_film(video: Path, truth: Path) -> Sample:
    """A film that lies there already."""
    return Sample(video.stem, video, json.loads(truth.read_text()))


def drawn_film(folder: Path, wishes: Wishes) -> Sample:
    """The film of a seed."""
    name = f"{'empty' if wishes.empty else 'seed'}-{wishes.seed}-{wishes.seconds:g}s"
    if wishes.kind != "varied":
        name += f"-{wishes.kind}"
    return _made(folder, name, lambda video: render_drawn(video, wishes))


def long_film(folder: Path, seconds: float) -> Sample:
    """A film of at least so many seconds, made cheaply."""
    times = max(1, -(-round(seconds) // PART_S))

    def make(video: Path) -> Truth:
        part = drawn_film(folder, LONG)
        return repeat_film(part.video, part.truth, times, video)

    return _made(folder, f"long-{times * PART_S}s", make)


def _made(folder: Path, name: str, make: Callable[[Path], Truth]) -> Sample:
    """The film of a name, made if its truth does not lie there: it is written last, so that half a film is none."""
    video, truth = folder / f"{name}.mp4", folder / f"{name}.json"
    if not truth.exists():
        folder.mkdir(parents=True, exist_ok=True)
        truth.write_text(json.dumps(make(video)))
    return given_film(video, truth)
