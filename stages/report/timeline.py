"""The timeline: where on a line from the video's begin to its end each exposure lies, and how large it is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stages.datatypes import Detections, Exposure
from stages.datatypes.arrow import quad_areas

WIDE, HIGH = 1000, 26
"""A line is drawn in so many units, whatever it is wide on screen or on paper."""

LEAST_WIDTH = 2.5
"""Units: a shorter exposure is drawn this wide, or it would not be seen."""

APART = 1.5
"""Units: exposures of a brand that are drawn nearer to each other become one bar."""

MOST_BARS = 8000
"""Bars of all brands together. Where there would be more, those of one brand are joined from further off."""

MOST_STEPS, LEAST_STEPS, ALL_STEPS = 400, 50, 60_000
"""Steps in which the share of the screen is drawn along a line: at most, at least, and on all lines together."""

LEAST_HEIGHT = 1.2
"""Units that the smallest share of the screen is drawn high."""


@dataclass(frozen=True)
class Bar:
    """Exposures that are drawn as one: `x` and `width` in units."""

    exposures: Sequence[Exposure]
    x: float
    width: float

    @property
    def seconds(self) -> float:
        """How long the exposures are, together."""
        return sum(exposure.seconds for exposure in self.exposures)

    @property
    def area(self) -> float:
        """Their mean share of the screen, 0..1."""
        total = self.seconds
        weights = [e.seconds / total if total else 1 / len(self.exposures) for e in self.exposures]
        return sum(weight * e.mean_area for weight, e in zip(weights, self.exposures, strict=True))


def bars(by_brand: Mapping[str, Sequence[Exposure]], length_s: float, most: int = MOST_BARS) -> dict[str, list[Bar]]:
    """The bars of each brand. None is left out: where they are too many, more of them are joined."""
    apart = APART
    while True:
        drawn = {brand: _bars(found, length_s, apart) for brand, found in by_brand.items()}
        if sum(map(len, drawn.values())) <= most or apart > WIDE:
            return drawn
        apart *= 2


def _bars(exposures: Sequence[Exposure], length_s: float, apart: float) -> list[Bar]:
    runs: list[tuple[list[Exposure], float, float]] = []
    for exposure in sorted(exposures, key=lambda e: e.start_s):
        x, end = _span(exposure, length_s)
        if runs and x - runs[-1][2] < apart:
            run, begin, reached = runs.pop()
            runs.append(([*run, exposure], begin, max(reached, end)))
        else:
            runs.append(([exposure], x, end))
    return [Bar(tuple(run), round(x, 1), round(end - x, 1)) for run, x, end in runs]


def _span(exposure: Exposure, length_s: float) -> tuple[float, float]:
    """From where to where it is drawn, units."""
    scale = WIDE / (length_s or 1.0)
    width = min(WIDE, max(LEAST_WIDTH, scale * exposure.seconds))
    x = max(0.0, min(scale * exposure.start_s, WIDE - width))
    return x, x + width


Shape = list[tuple[float, float, float]]
"""The share of the screen along a line, in steps: (from, to, share), units and 0..1."""


def shapes(
    by_brand: Mapping[str, Sequence[Exposure]], detections: Detections, length_s: float, frame_area: float
) -> dict[str, list[Shape]]:
    """For each brand the shape of each exposure: which share of the screen the brand takes, all its places together."""
    shares = quad_areas(detections.quads) / frame_area if frame_area else quad_areas(detections.quads)
    seen: dict[str, dict[float, float]] = defaultdict(dict)
    for id, t, share in zip(detections.exposures, detections.t.tolist(), shares.tolist(), strict=True):
        seen[id][t] = min(1.0, seen[id].get(t, 0.0) + share)
    steps = max(LEAST_STEPS, min(MOST_STEPS, ALL_STEPS // max(1, len(by_brand))))
    return {
        brand: [_shape(exposure, seen.get(exposure.id, {}), length_s, steps) for exposure in found]
        for brand, found in by_brand.items()
    }


def _shape(exposure: Exposure, seen: Mapping[float, float], length_s: float, steps: int) -> Shape:
    begin, end = _span(exposure, length_s)
    wide = WIDE / steps
    if end - begin <= wide or not seen:
        return [(begin, end, exposure.mean_area)]
    samples: dict[int, list[float]] = defaultdict(list)
    for t, share in seen.items():
        samples[int(min(max(WIDE * t / length_s, begin), end - 1e-6) / wide)].append(share)
    share = samples[min(samples)][0]
    shape: Shape = []
    for step in range(int(begin / wide), int((end - 1e-6) / wide) + 1):
        if own := samples.get(step):
            share = sum(own) / len(own)  # where nothing new was seen, it is as before
        shape.append((max(begin, step * wide), min(end, (step + 1) * wide), share))
    return shape


def full_share(shapes: Iterable[Shape]) -> tuple[float, bool]:
    """The share of the screen that is drawn as high as a line, a round figure, and whether some are larger.

    One logo that fills the screen would make all others flat: it is cut.
    """
    steps = sorted((share, end - begin) for shape in shapes for begin, end, share in shape)
    if not steps or steps[-1][0] <= 0:
        return 0.01, False
    largest, usual, left = steps[-1][0], steps[-1][0], 0.05 * sum(wide for _, wide in steps)
    for share, wide in reversed(steps):
        left -= wide
        usual = share
        if left < 0:
            break
    full = _round_up(largest if largest <= 2.5 * usual else usual)
    return full, largest > full


def _round_up(share: float) -> float:
    scale = 0.0001
    while True:
        for digit in (1, 1.5, 2, 3, 4, 5, 6, 8):
            if share <= digit * scale * (1 + 1e-9):
                return min(1.0, round(digit * scale, 6))
        scale *= 10


def outline(shape: Shape, full: float) -> str:
    """A shape as the path of an SVG, standing on the line's lower edge."""
    path = f"M{_number(shape[0][0])} {HIGH}"
    drawn = ""
    for begin, _, share in shape:
        y = _number(HIGH - max(LEAST_HEIGHT, min(1.0, share / full) * HIGH))
        if y != drawn:
            path += ("" if not drawn else f"H{_number(begin)}") + f"V{y}"
            drawn = y
    return f"{path}H{_number(shape[-1][1])}V{HIGH}Z"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def covered(exposures: Iterable[Exposure]) -> float:
    """Seconds in which at least one exposure runs."""
    total, reached = 0.0, 0.0
    for exposure in sorted(exposures, key=lambda e: e.start_s):
        total += max(0.0, exposure.end_s - max(reached, exposure.start_s))
        reached = max(reached, exposure.end_s)
    return total
