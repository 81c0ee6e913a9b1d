"""The two series of pictures of a video: few to look at closely, many small ones in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from stages.datatypes import Frames, MediaInfo
from stages.video.extract_frames import ExtractFramesConfig
from stages.video.pair_writer import PairWriter
from stages.video.sampling import Sample
from tests.unit.harness import make_blobs


def pair(samples: list[tuple[float, tuple[float, ...], int]], tmp_path: Path, **config: Any) -> tuple[Frames, Frames]:
    """Both series of samples, each a time, further times and a shade."""
    writer = PairWriter(ExtractFramesConfig(**config), make_blobs(tmp_path))
    for t, also, shade in samples:
        picture = av.VideoFrame.from_ndarray(np.full((90, 160, 3), shade, np.uint8), format="bgr24")
        writer.add(Sample(t, also, picture, also[-1] if also else t))
    return writer.finish(MediaInfo(9, 9, 160, 90, 25), ["a note"])


def evenly(count: int, every: float = 0.16, cuts: tuple[int, ...] = ()) -> list[tuple[float, tuple[float, ...], int]]:
    """Samples that follow each other evenly, with a cut before each of these places."""
    return [(n * every, (), 40 + 150 * (sum(n >= cut for cut in cuts) % 2)) for n in range(count)]


def places(one: Frames, motion: Frames) -> list[int]:
    """Where in `motion` the pictures of the other series are."""
    return [motion.index.t.tolist().index(t) for t in one.index.t.tolist()]


def test_about_one_a_second_is_looked_at_and_all_are_in_motion(tmp_path: Path) -> None:
    frames, motion = pair(evenly(26), tmp_path)
    assert len(motion) == 26
    assert places(frames, motion) == [0, 6, 12, 19, 25]  # nearest to whole seconds
    assert not motion.index.cut.any()
    assert not frames.index.cut.any()
    assert (frames.notes, motion.notes) == (("a note",), ())


def test_one_more_is_looked_at_after_a_cut(tmp_path: Path) -> None:
    frames, motion = pair(evenly(14, cuts=(4,)), tmp_path)
    assert motion.index.cut.nonzero()[0].tolist() == [4]
    assert places(frames, motion) == [0, 4, 12]  # 0.64 s, and so near to the first second that it stands for it
    assert frames.index.cut.tolist() == [False, True, False]


def test_but_not_right_after_another_was_looked_at(tmp_path: Path) -> None:
    frames, motion = pair(evenly(14, cuts=(1,)), tmp_path)
    assert places(frames, motion) == [0, 3, 6, 12]  # 0.48 s after the last look, and on with the whole seconds
    assert frames.index.cut.tolist() == [False, True, False, False], "it is marked where one looks"


def test_footage_that_flickers_is_looked_at_about_twice_a_second(tmp_path: Path) -> None:
    frames, motion = pair(evenly(63, cuts=tuple(range(1, 63))), tmp_path)
    assert motion.index.cut.sum() == 62
    assert np.diff(frames.index.t).min() >= 0.45
    assert len(frames) == 21


def test_a_picture_that_stands_for_long_stands_for_all_its_times_in_both(tmp_path: Path) -> None:
    held = tuple(round(0.16 * n, 6) for n in range(2, 40))
    frames, motion = pair([(0.0, held, 40), (6.4, (), 40)], tmp_path)
    assert motion[0].stands_for == frames[0].stands_for == (0.0, *held)
    assert frames.index.t.tolist() == [0.0]


def test_a_picture_that_is_still_on_screen_when_a_look_is_due_is_looked_at(tmp_path: Path) -> None:
    held = tuple(round(0.16 * n, 6) for n in range(2, 40))
    frames, _ = pair([(0.0, (), 40), (0.16, held, 45), (6.4, (), 40)], tmp_path)
    assert frames.index.t.tolist() == [0.0, 0.16]


def test_a_close_look_more_often_than_movement_is_followed_takes_movement_with_it(tmp_path: Path) -> None:
    writer = PairWriter(ExtractFramesConfig(fps=10, motion_fps=5), make_blobs(tmp_path))
    assert (writer.period, writer.motion_period) == (0.1, 0.1)
    frames, motion = pair(evenly(11, every=0.1), tmp_path, fps=10, motion_fps=5)
    assert frames.index.t.tolist() == motion.index.t.tolist()


def test_pictures_are_as_large_as_wanted_and_the_small_ones_grey(tmp_path: Path) -> None:
    frames, motion = pair(evenly(2), tmp_path, max_side=80, motion_side=160)
    assert frames[0].image().shape == (45, 80, 3)
    assert motion[0].luma().shape == (90, 160)
    assert motion[0].jpeg()[:2] == b"\xff\xd8"
    assert np.frombuffer(motion[0].jpeg(), np.uint8).size < 1500


@pytest.mark.parametrize(("fps", "motion_fps"), [(4, 6.25), (5, 6.25), (1, 1.5)])
def test_the_rate_of_close_looks_is_the_one_that_was_asked_for(tmp_path: Path, fps: float, motion_fps: float) -> None:
    count = round(12 * motion_fps)
    frames, _ = pair(evenly(count, every=1 / motion_fps), tmp_path, fps=fps, motion_fps=motion_fps)
    assert len(frames) == pytest.approx(12 * fps, abs=2)
