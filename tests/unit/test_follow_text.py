"""follow_text: stretches by the pictures alone, points within the frame, the same result however work is spread."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.blobs import BlobStore
from stages.core.envelope import Envelope
from stages.core.spread import SerialSpread, ThreadSpread
from stages.datatypes import Box, Boxes, Frames, FrameWriter, MediaInfo, Tracks
from stages.text import follow_text
from stages.text.follow_text import stretches
from tests.unit.harness import make_blobs, make_context, run_stage
from tests.unit.luma import rectangle, textured

WIDE, HIGH = 640, 360
"""The source; what is followed is half as large."""

BOARD = textured((24, 80), 2)
GROUND = textured((HIGH // 2, WIDE // 2), 1, grain=40) // 4 + 60


def picture(x: int, board: np.ndarray[Any, Any] = BOARD) -> bytes:
    made = GROUND.copy()
    left, right = max(0, x), min(made.shape[1], x + 80)
    if right > left:
        made[70:94, left:right] = board[:, left - x : right - x]
    return bytes(cv2.imencode(".jpg", made)[1])


def film(pictures: list[bytes], blobs: BlobStore, cuts: tuple[int, ...] = (), step: int = 6) -> tuple[Frames, Frames]:
    """Small pictures, and those of them that are looked at."""
    writer = FrameWriter(blobs)
    for n, data in enumerate(pictures):
        writer.add(data, 0.16 * n, cut=n in cuts)
    motion = writer.finish(MediaInfo(99, 99, WIDE, HIGH, 25), 0.16)
    return motion, motion.keep(range(0, len(pictures), step))


def follow(
    motion: Frames, frames: Frames, boxes: list[Box], tmp_path: Path, spread: Any = None, **config: Any
) -> tuple[Tracks, Envelope]:
    reads = {"motion": motion, "frames": frames, "regions": Boxes.of(boxes, ["a note"])}
    ctx = make_context(spread=spread or SerialSpread())
    values, envelope = run_stage(follow_text.definition, config, reads, tmp_path, motion.blobs, ctx)
    return values["tracks"], envelope


def box(n: int, x: float) -> Box:
    """The board where picture `n` shows it `x` small pixels from the left, in pixels of the source."""
    return Box(round(0.16 * n, 6), "text", 0.9, rectangle(2 * x, 140, 160, 48))


def moving(count: int, blobs: BlobStore, cuts: tuple[int, ...] = ()) -> tuple[Frames, Frames, list[Box]]:
    motion, frames = film([picture(20 + 2 * n) for n in range(count)], blobs, cuts)
    return motion, frames, [box(n, 20 + 2 * n) for n in range(0, count, 6)]


def test_a_text_is_one_track_in_pixels_of_the_source(tmp_path: Path) -> None:
    tracks, _ = follow(*moving(13, make_blobs(tmp_path)), tmp_path)
    assert tracks.track.tolist() == [0] * 13
    assert tracks.t.tolist() == [round(0.16 * n, 6) for n in range(13)]
    assert tracks.found.nonzero()[0].tolist() == [0, 6, 12]
    wanted = [rectangle(40 + 4 * n, 140, 160, 48) for n in range(13)]
    assert np.abs(tracks.quads - wanted).max() < 3
    assert tracks.visible.min() > 0.9


def test_what_lies_beyond_the_frame_is_clipped_and_not_visible(tmp_path: Path) -> None:
    motion, frames = film([picture(200 + 10 * n) for n in range(9)], make_blobs(tmp_path))
    tracks, _ = follow(motion, frames, [box(0, 200), box(6, 260)], tmp_path)
    assert tracks.quads.min() >= 0
    assert tracks.quads[..., 0].max() <= WIDE
    assert tracks.quads[..., 1].max() <= HIGH
    last = tracks.t.tolist().index(0.96)
    assert tracks.visible[0] == 1
    assert tracks.visible[last] == pytest.approx(60 / 80, abs=0.06)


def test_the_result_does_not_depend_on_how_work_is_spread(tmp_path: Path) -> None:
    motion, frames, boxes = moving(60, make_blobs(tmp_path), cuts=(14, 15, 30, 31, 44))
    assert len(list(stretches(motion, 2))) == 4
    threads = ThreadSpread(3)
    one, other = (
        follow(motion, frames, boxes, tmp_path, spread, stretch_s=2)[1] for spread in (SerialSpread(), threads)
    )
    threads.close()
    assert one.writes == other.writes
    assert one.summary["tracks"]["tracks"] >= 4


def test_tracks_are_numbered_over_all_stretches(tmp_path: Path) -> None:
    motion, frames, boxes = moving(32, make_blobs(tmp_path), cuts=(14,))
    tracks, _ = follow(motion, frames, boxes, tmp_path, stretch_s=2)
    assert list(tracks.rows_of()) == [0, 1]
    assert np.all(np.diff(tracks.track) >= 0)
    assert all(np.all(np.diff(tracks.t[rows.start : rows.stop]) > 0) for rows in tracks.rows_of().values())


def test_no_text_and_no_picture_to_search_are_no_tracks(tmp_path: Path) -> None:
    motion, frames, _ = moving(7, make_blobs(tmp_path))
    tracks, _ = follow(motion, frames, [], tmp_path)
    assert (len(tracks), tracks.notes) == (0, ("a note",))


def test_a_small_picture_that_cannot_be_read_is_passed_over_and_told(tmp_path: Path) -> None:
    pictures = [picture(100) for _ in range(13)]
    pictures[3] = pictures[8] = b"no picture"
    motion, frames = film(pictures, make_blobs(tmp_path))
    tracks, _ = follow(motion, frames, [box(n, 100) for n in (0, 6, 12)], tmp_path)
    assert tracks.notes == ("a note", "2 small picture(s) could not be read.")
    assert len(tracks) == 11
    assert tracks.visible.min() > 0.9


@given(
    gaps=st.lists(st.sampled_from([0.04, 0.16, 1.0, 7.0]), min_size=1, max_size=60),
    cuts=st.sets(st.integers(1, 59)),
    least=st.floats(2, 20),
)
def test_stretches_cover_every_picture_once_and_end_at_cuts(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[float], cuts: set[int], least: float
) -> None:
    writer = FrameWriter(make_blobs(tmp_path_factory.mktemp("film")))
    t = 0.0
    for n, gap in enumerate(gaps):
        writer.add(b"", t, cut=n in cuts)
        t += gap
    motion = writer.finish(MediaInfo(99, 99, 64, 64, 25), 0.16)
    divided = list(stretches(motion, least))
    assert [place for stretch in divided for place in stretch] == list(range(len(gaps)))
    for stretch, following in pairwise(divided):
        length = motion.index.t[following.start] - motion.index.t[stretch.start]
        assert length >= least
        assert bool(motion.index.cut[following.start]) or length >= 6 * least
