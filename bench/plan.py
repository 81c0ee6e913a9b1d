"""What a film is made of, drawn from its seed: size, rate, noise, brands, and its shots one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bench.camera import draw_camera
from bench.cast import Cast
from bench.film import Film, Look, Shot
from bench.footage import Footage
from bench.graphics import Layer
from bench.names import close_ones, invent_brands, look_alikes
from bench.overlays import lower_third, score_bug, sting, table, ticker
from bench.places import PLACES
from bench.props import Scene, billboards, boards, flags, passers_by, passing_van, runners, wall, worn_patch

Rng = np.random.Generator
Part = Callable[[Scene], list[Layer]]

SIZES = ((960, 540), (1280, 536), (1024, 768), (1280, 720), (1280, 720), (1920, 1080), (640, 360), (1280, 720))
RATES = (24, 12, 60, 25, 25, 50, Fraction(30000, 1001))
"""By turns, so that films of neighbouring seeds surely differ."""


@dataclass(frozen=True)
class Scenery:
    """A kind of shot. World and overlay: parts with how likely each is; `moves` and `places` are drawn from."""

    places: Sequence[str]
    moves: Sequence[str]
    world: Sequence[tuple[Part, float]]
    overlay: Sequence[tuple[Part, float]]


SCENES = {
    "match": Scenery(
        ("stadium", "hall"),
        ("pan", "pan", "sweep", "drift", "zoom"),
        ((boards, 1), (runners, 1), (flags, 0.3)),
        ((score_bug, 0.8), (lower_third, 0.25), (ticker, 0.25)),
    ),
    "race": Scenery(
        ("circuit",),
        ("pan", "sweep", "zoom"),
        ((boards, 0.7), (billboards, 1), (flags, 0.5), (runners, 0.3)),
        ((score_bug, 0.6), (lower_third, 0.3)),
    ),
    "road": Scenery(
        ("street",),
        ("pan", "pan", "zoom"),  # a pole that hides a letter all the time would make due what nobody can read
        ((billboards, 0.9), (passing_van, 0.6), (runners, 0.4), (passers_by, 0.7)),
        ((ticker, 0.4), (lower_third, 0.4)),
    ),
    "interview": Scenery(
        ("studio",), ("still", "drift", "zoom"), ((wall, 1), (passers_by, 0.4)), ((lower_third, 0.6), (ticker, 0.4))
    ),
    "talk": Scenery(
        ("studio", "street", "hall"),
        ("still", "drift"),
        ((worn_patch, 1), (passers_by, 0.5)),
        ((lower_third, 0.7), (ticker, 0.5)),
    ),
    "table": Scenery(("stadium", "studio", "hall"), ("still", "drift"), (), ((table, 1), (ticker, 0.4))),
    "sting": Scenery(("studio", "circuit"), ("drift",), (), ((sting, 1),)),
}

KINDS = {
    "varied": ("match", "interview", "race", "table", "match", "road", "sting", "talk"),
    "match": ("match", "match", "interview", "match", "table"),
    "news": ("talk", "interview", "table", "road", "sting"),
    "road": ("road", "race", "talk"),
}
"""Names of kinds of film, and the scenes that they go through."""


@dataclass(frozen=True)
class Wishes:
    """What is asked for; what is None is drawn from the seed."""

    seed: int
    seconds: float = 30
    kind: str = "varied"
    size: tuple[int, int] | None = None
    fps: int | Fraction | None = None
    brands: Sequence[str] | None = None
    noise: float | None = None
    blur: float | None = None
    crf: int | None = None
    empty: bool = False
    rough: bool = False
    twins: bool = False


def plan_film(wishes: Wishes, footage: Footage | None = None) -> Film:
    """The film that was asked for. Over `footage` it has that file's pictures behind its graphics, and its rate unless
    one is asked for."""
    rng = np.random.default_rng(wishes.seed)
    size = wishes.size or SIZES[wishes.seed % len(SIZES)]
    fps = Fraction(wishes.fps or (footage.fps if footage else RATES[wishes.seed % len(RATES)]))
    invented = invent_brands(rng)
    brands = list(wishes.brands or invented)
    strangers, close = look_alikes(brands, rng), close_ones(brands, rng, 12 if wishes.twins else 2)
    look = _draw_look(wishes, rng)
    cast = Cast(brands, strangers, close, rng.spawn(1)[0], wishes.empty)
    lengths = footage.shots(wishes.seconds, fps) if footage else _lengths(round(wishes.seconds * fps), fps, rng)
    kinds = KINDS[wishes.kind]
    start = int(rng.integers(len(kinds)))
    shots = (
        _shot(kinds[(start + n) % len(kinds)], size, length, fps, cast, rng.spawn(1)[0], footage)
        for n, length in enumerate(lengths)
    )
    meta = {"seed": wishes.seed, "kind": wishes.kind, "empty": wishes.empty, "footage": footage is not None}
    return Film(size, fps, look, lengths, shots, brands, [*strangers, *close], meta, rng.spawn(1)[0])


def _draw_look(wishes: Wishes, rng: Rng) -> Look:
    noise, blur = float(rng.uniform(1.5, 4.5)), float(rng.choice([0, 0.5, 0.8, 1.1]))
    crf, gain, lift = int(rng.integers(22, 31)), float(rng.uniform(0.88, 1.08)), float(rng.uniform(-6, 8))
    if wishes.rough:
        noise, blur, crf, gain = noise + 3.5, blur + 0.5, crf + 4, gain * 0.85
    return Look(
        noise=round(noise if wishes.noise is None else wishes.noise, 1),
        blur=round(blur if wishes.blur is None else wishes.blur, 1),
        crf=crf if wishes.crf is None else wishes.crf,
        gain=gain,
        lift=lift,
        shutter=float(rng.uniform(0.3, 0.6)),
    )


def _lengths(pictures: int, fps: Fraction, rng: Rng) -> list[int]:
    """Pictures of each shot: four to nine seconds each."""
    lengths: list[int] = []
    while (left := pictures - sum(lengths)) > 0:
        length = round(float(rng.uniform(4, 9)) * fps)
        lengths.append(left if left < length + 2 * fps else length)
    return lengths


def _shot(
    scene: str,
    size: tuple[int, int],
    pictures: int,
    fps: Fraction,
    cast: Cast,
    rng: Rng,
    footage: Footage | None,
) -> Shot:
    scenery, length = SCENES[scene], float(pictures / fps)
    camera = draw_camera(size, length, rng, str(rng.choice(list(scenery.moves))))
    stage = Scene(size, length, camera, cast, rng)
    world = _parts(scenery.world, stage)
    overlay = _parts(scenery.overlay, stage)
    if footage:
        return Shot(footage.ground(size), world, overlay, camera.speed, smears_ground=False)
    painted = PLACES[str(rng.choice(list(scenery.places)))](camera.world, rng)
    return Shot(lambda t: camera.look(painted, t), world, overlay, camera.speed)


def _parts(parts: Sequence[tuple[Part, float]], stage: Scene) -> list[Layer]:
    return [layer for part, chance in parts if stage.rng.random() < chance for layer in part(stage)]
