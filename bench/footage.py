"""Somebody's video as what lies behind the graphics: its pictures one after the other, and where its shots end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from bench.graphics import Picture

CUT = 30.0
"""Mean difference of two pictures' thumbnails, in grey levels, from which on there is a cut between them."""
LONGEST_S = 9.0
"""A shot without a cut that lasts longer gets other graphics after this many seconds."""
SHORTEST_S = 1.0


class Footage:
    """A video file; from its beginning again where it is shorter than what is asked for."""

    def __init__(self, path: Path | str) -> None:
        import av

        self._path = str(path)
        with av.open(self._path) as container:
            rate = container.streams.video[0].average_rate
        self.fps = Fraction(rate) if rate else Fraction(25)
        self._next: Iterator[Picture] | None = None
        self._step = Fraction(1)

    def shots(self, seconds: float, fps: Fraction) -> list[int]:
        """Pictures of each shot of a film of so many seconds at a rate. Every shot ends at a cut of the footage, or
        after `LONGEST_S`."""
        pictures, longest, shortest = round(seconds * fps), round(LONGEST_S * fps), round(SHORTEST_S * fps)
        lengths, last, count = [], None, 0
        for number, picture in enumerate(self._pictures(fps)):
            if number == pictures:
                break
            thumb = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (48, 27), interpolation=cv2.INTER_AREA)
            is_cut = last is not None and float(np.mean(cv2.absdiff(thumb, last))) > CUT
            if count >= longest or (is_cut and count >= shortest):
                lengths.append(count)
                count = 0
            last, count = thumb, count + 1
        self._next, self._step = None, self.fps / fps
        return [*lengths, count]

    def ground(self, size: tuple[int, int]) -> Callable[[float], Picture]:
        """Gives, at each call, the next picture, cropped to the shape of `size` and scaled to it."""

        def ground(t: float) -> Picture:
            if self._next is None:
                self._next = self._pictures(self.fps / self._step)
            return _covering(next(self._next), size)

        return ground

    def _pictures(self, fps: Fraction) -> Iterator[Picture]:
        """The pictures at a rate, each the footage's latest at its time, without end."""
        import av

        wanted = Fraction(0)
        while True:
            shown = Fraction(0)
            with av.open(self._path) as container:
                for frame in container.decode(video=0):
                    if wanted < shown + 1:
                        picture = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                    while wanted < shown + 1:
                        yield picture
                        wanted += self.fps / fps
                    shown += 1
            if not shown:
                raise SystemExit(f"{self._path} has no picture.")
            wanted -= shown


def _covering(picture: Picture, size: tuple[int, int]) -> Picture:
    height, width = picture.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    scaled = cv2.resize(picture, (max(size[0], round(width * scale)), max(size[1], round(height * scale))))
    x, y = (scaled.shape[1] - size[0]) // 2, (scaled.shape[0] - size[1]) // 2
    return np.ascontiguousarray(scaled[y : y + size[1], x : x + size[0]])
