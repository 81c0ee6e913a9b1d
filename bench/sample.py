"""A short film with known truth: moving scenes, cuts, and sponsor graphics whose every place is written down.

    python -m bench.sample OUT.mp4                           the demo film
    python -m bench.sample OUT.mp4 --seed 11 [--kind match] [--empty] [--rough] [--footage FILE] […]

The same arguments give the same film. With a seed everything that is not given is drawn from it: size, rate, brands,
typefaces, places, movements, noise. `render_sample` and `render_drawn` are the same for tests.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench.film import Film, Look, Truth, render_film
from bench.footage import Footage
from bench.plan import KINDS, Wishes, plan_film
from bench.shots import LOOK_ALIKES, SHOTS, Cast

BRANDS = ("NORDVIK", "Altamira Bank", "VOLTRA", "Lumora", "Kestrel Air")
SHOT_SECONDS = 4.0


def render_sample(
    path: Path | str,
    seconds: float = 12,
    size: tuple[int, int] = (960, 540),
    fps: int = 25,
    seed: int = 7,
    brands: Sequence[str] = BRANDS,
) -> Truth:
    """Render the demo film, and give its truth. `size` is width and height in pixels, both even."""
    rng = np.random.default_rng(seed)
    lengths = _lengths(round(seconds * fps), fps)
    names = [b.split("|")[0] for b in brands]
    shots = (
        SHOTS[number % len(SHOTS)](size, length / fps, Cast(names, 2 * number), rng)
        for number, length in enumerate(lengths)
    )
    film = Film(size, Fraction(fps), Look(), lengths, shots, brands, LOOK_ALIKES, {"seed": seed}, rng)
    return render_film(film, path)


def render_drawn(path: Path | str, wishes: Wishes, footage: Path | str | None = None) -> Truth:
    """Render a film drawn from a seed, over the pictures of `footage` if that is given; gives its truth."""
    return render_film(plan_film(wishes, Footage(footage) if footage else None), path)


def _lengths(frames: int, fps: int) -> list[int]:
    """Pictures of each shot: about four seconds each."""
    shots = max(1, round(frames / fps / SHOT_SECONDS))
    ends = [round(frames * n / shots) for n in range(shots + 1)]
    return [b - a for a, b in pairwise(ends)]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    given = _parser().parse_args(arguments)
    size = None if given.size is None else _size(given.size)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    if given.seed is None and not (given.footage or given.empty or given.rough or given.twins):
        demo = {"seconds": given.seconds, "size": size, "fps": given.fps, "brands": given.brands}
        truth = render_sample(given.out, **{name: value for name, value in demo.items() if value is not None})
    else:
        wishes = Wishes(
            seed=given.seed or 0,
            seconds=given.seconds or 30,
            kind=given.kind,
            size=size,
            fps=given.fps,
            brands=given.brands,
            noise=given.noise,
            blur=given.blur,
            crf=given.crf,
            empty=given.empty,
            rough=given.rough,
            twins=given.twins,
        )
        truth = render_drawn(given.out, wishes, given.footage)
    (given.truth or given.out.with_suffix(".json")).write_text(json.dumps(truth))
    meta = truth["meta"]
    seconds = len(truth["frames"]) / meta["fps"]
    print(f"{given.out}: {seconds:g} s, {meta['size']}, {meta['fps']} pictures/s, {len(truth['cuts'])} cuts, ", end="")
    print(f"{len(truth['tracks'])} graphics")


def _size(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.sample", description="Render a film with known truth.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--truth", type=Path, help="where to write the truth; default: beside the film, as .json")
    parser.add_argument("--seed", type=int, help="draws a film; without it, the demo film is made")
    parser.add_argument("--seconds", type=float, help="default: 12 for the demo film, else 30")
    parser.add_argument("--size", help="width x height, even numbers of pixels")
    parser.add_argument("--fps", type=Fraction, help="a number, or a fraction as 30000/1001")
    parser.add_argument("--brands", nargs="+", help="default: invented")
    parser.add_argument("--kind", choices=sorted(KINDS), default="varied")
    parser.add_argument("--empty", action="store_true", help="no brand is shown, only other text")
    parser.add_argument("--rough", action="store_true", help="darker, with more noise, blur and compression")
    parser.add_argument("--twins", action="store_true", help="more words that differ from a brand by one letter")
    parser.add_argument("--noise", type=float, help="grey levels")
    parser.add_argument("--blur", type=float, help="pixels at a height of 720")
    parser.add_argument("--crf", type=int, help="of x264: 0 is lossless, 51 worst")
    parser.add_argument("--footage", type=Path, help="a video that lies behind the graphics")
    return parser


if __name__ == "__main__":
    main()
