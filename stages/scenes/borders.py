"""Where scenes begin."""

from __future__ import annotations

from itertools import pairwise

from stages.datatypes import Frames


def scene_starts(frames: Frames, marked: Frames, least_s: float) -> list[float]:
    """Times at which scenes begin, the first with the first picture; `marked` are the pictures whose cuts count.

    A cut less than `least_s` after the last or before the end begins none, nor does one of whose scene there would be
    no picture in `frames`.
    """
    end = frames.info.decoded_s
    starts = [float(frames.index.t[0])]
    for cut in map(float, marked.index.t[marked.index.cut]):
        if cut > starts[0] and min(cut - starts[-1], end - cut) >= least_s:
            starts.append(cut)
    seen = (
        bool(frames.index.t.searchsorted(start) < frames.index.t.searchsorted(after)) for start, after in _spans(starts)
    )
    return [start for start, looked_at in zip(starts, seen, strict=True) if looked_at]


def _spans(starts: list[float]) -> list[tuple[float, float]]:
    return list(pairwise([*starts, float("inf")]))
