"""Which views of a track are read: the best first, then those that lie apart in time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.blobs import BlobStore
from stages.datatypes import Frames, FrameWriter, MediaInfo, TrackPoint, Tracks
from stages.text.views import LEAST_VISIBLE, views_of
from tests.unit.harness import make_blobs
from tests.unit.luma import rectangle


def frames(times: list[float], blobs: BlobStore) -> Frames:
    writer = FrameWriter(blobs)
    for t in times:
        writer.add(b"", t)
    return writer.finish(MediaInfo(99, 99, 640, 360, 25), 1)


def point(t: float, visible: float = 1.0, found: bool = True, width: float = 80, track: int = 0) -> TrackPoint:
    return TrackPoint(track, t, visible, found, rectangle(10, 10, width, 20))


def order(points: list[TrackPoint], times: list[float], tmp_path: Path, track: int = 0) -> list[int]:
    """The places of the pictures in which a track is looked at, as they come."""
    return [view.frame for view in views_of(Tracks.of(points), frames(times, make_blobs(tmp_path)), 99)[track]]


TIMES = [0.0, 1.0, 2.0, 3.0, 4.0]


def test_the_best_view_comes_first(tmp_path: Path) -> None:
    points = [point(t, visible) for t, visible in zip(TIMES, (0.5, 0.6, 1.0, 0.4, 0.8), strict=True)]
    assert order(points, TIMES, tmp_path)[0] == 2


def test_larger_and_found_there_is_better(tmp_path: Path) -> None:
    assert order([point(0.0), point(1.0, width=100)], TIMES, tmp_path) == [1, 0]
    assert order([point(0.0, found=False), point(1.0)], TIMES, tmp_path) == [1, 0]
    assert order([point(0.0), point(1.0)], TIMES, tmp_path) == [0, 1], "of equals the first"


def test_the_second_is_not_right_beside_the_first(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.2, 3.0]
    points = [point(0.0), point(0.1, 0.99), point(0.2, 0.98), point(3.0, 0.7)]
    assert order(points, times, tmp_path)[:2] == [0, 3]


def test_only_pictures_that_there_are_and_that_show_enough(tmp_path: Path) -> None:
    points = [point(0.0, LEAST_VISIBLE - 0.01), point(0.5), point(1.0, LEAST_VISIBLE), point(2.0, 0.0)]
    assert order(points, TIMES, tmp_path) == [1]


def test_a_track_without_a_view_is_there_with_none(tmp_path: Path) -> None:
    points = [point(0.5), point(1.0, track=3)]
    found = views_of(Tracks.of(points), frames(TIMES, make_blobs(tmp_path)), 99)
    assert {track: len(views) for track, views in found.items()} == {0: 0, 3: 1}
    assert views_of(Tracks.of([]), frames(TIMES, make_blobs(tmp_path)), 99) == {}


def test_a_view_tells_where(tmp_path: Path) -> None:
    [view] = views_of(Tracks.of([point(2.0, track=5)]), frames(TIMES, make_blobs(tmp_path)), 99)[5]
    assert (view.track, view.frame) == (5, 2)
    assert view.quad == pytest.approx(rectangle(10, 10, 80, 20))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=12))
def test_each_picture_is_looked_at_once(blobs: BlobStore, shown: list[tuple[float, bool]]) -> None:
    points = [point(n / 2, visible, found) for n, (visible, found) in enumerate(shown)]
    views = views_of(Tracks.of(points), frames([n / 2 for n in range(len(shown))], blobs), 99)[0]
    assert sorted(view.frame for view in views) == [n for n, (share, _) in enumerate(shown) if share >= LEAST_VISIBLE]


def test_no_more_are_taken_than_are_wanted(tmp_path: Path) -> None:
    points, blobs = [point(t) for t in TIMES], make_blobs(tmp_path)
    every = [view.frame for view in views_of(Tracks.of(points), frames(TIMES, blobs), 99)[0]]
    assert len(every) > 2
    assert [view.frame for view in views_of(Tracks.of(points), frames(TIMES, blobs), 2)[0]] == every[:2]
