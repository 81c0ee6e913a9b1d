"""The labels of a picture in YOLO's form: one line a thing, class and box or outline as shares of the picture."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PICTURES = frozenset(
    {".avif", ".bmp", ".dng", ".heic", ".jp2", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"}
)
_POINTS = 6
"""Numbers of the smallest outline, a triangle."""


class Label(NamedTuple):
    """One line: the class's number, and cx cy w h of a box or x y x y … of an outline, each 0..1."""

    number: int
    values: tuple[float, ...]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Centre, width and height, 0..1; those of the box around an outline."""
        if len(self.values) == 4:
            return self.values
        xs, ys = self.values[0::2], self.values[1::2]
        left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
        return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def is_picture(path: str) -> bool:
    """Whether the name is one of a picture."""
    return posixpath.splitext(path)[1].lower() in PICTURES


def label_of(picture: str) -> str:
    """Where the labels of a picture are: the last folder `images` of its path is `labels`; without one, beside it."""
    path, _ = posixpath.splitext(f"/{picture}")
    before, found, after = path.rpartition("/images/")
    return (f"{before}/labels/{after}.txt" if found else f"{path}.txt").removeprefix("/")


def labels_in(text: str, classes: int) -> Iterator[Label | tuple[int, str]]:
    """The lines of a label file: each a label, or its number (from 1) and what is wrong with it."""
    for line, written in enumerate(text.splitlines(), 1):
        if fields := written.split():
            label = _label(fields, classes)
            yield label if isinstance(label, Label) else (line, label)


def as_boxes(labels: list[Label]) -> NDArray[np.float32]:
    """(N, 5) float32: class, cx, cy, w, h."""
    import numpy as np

    return np.asarray([(label.number, *label.box) for label in labels], np.float32).reshape(-1, 5)


def _label(fields: list[str], classes: int) -> Label | str:
    try:
        number, *values = map(float, fields)
    except ValueError:
        return f"is no line of numbers: {' '.join(fields)[:60]!r}; expected class cx cy w h"
    if len(values) != 4 and (len(values) < _POINTS or len(values) % 2):
        return (
            f"has {len(fields)} fields; expected 5 (class cx cy w h), or a class and three or more points (x y) of an "
            "outline"
        )
    if not number.is_integer() or not 0 <= number < classes:
        return f"has the class {fields[0]}; expected a number from 0 to {classes - 1}, as `names` has {classes}"
    if (wrong := next((i for i, value in enumerate(values) if not 0 <= value <= 1), None)) is not None:
        return (
            f"has {fields[wrong + 1]} where a share of the picture belongs; expected 0..1 (divide pixels by its size)"
        )
    return Label(int(number), tuple(values))
