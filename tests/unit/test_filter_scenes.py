"""filter_scenes: what looks the same is left out, and stood for; cuts are marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.datatypes import Frames, FrameWriter, MediaInfo
from stages.video import filter_scenes
from tests.unit.harness import make_blobs, run_stage

Picture = NDArray[np.uint8]


def filtered(pictures: list[Picture | bytes], tmp_path: Path, **config: Any) -> Frames:
    blobs = make_blobs(tmp_path)
    writer = FrameWriter(blobs)
    for n, picture in enumerate(pictures):
        data = picture if isinstance(picture, bytes) else bytes(cv2.imencode(".jpg", picture)[1])
        writer.add(data, n / 2)
    frames = writer.finish(MediaInfo(60, 60, 640, 360, 25), 0.5)
    values, _ = run_stage(filter_scenes.definition, config, {"frames": frames}, tmp_path, blobs)
    result = values["frames"]
    assert isinstance(result, Frames)
    return result


def scene(shade: int, text: str = "", shift: int = 0) -> Picture:
    x, y = np.meshgrid(np.arange(640) + shift, np.arange(360))
    wave = 30 * np.sin(x / 40) * np.cos(y / 30)
    picture = np.repeat((shade + wave).clip(0, 255).astype(np.uint8)[:, :, None], 3, 2)
    cv2.putText(picture, text, (40, 330), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return picture


def noisy(picture: Picture, seed: int) -> Picture:
    rng = np.random.default_rng(seed)
    return (picture + rng.normal(0, 3, picture.shape)).clip(0, 255).astype(np.uint8)


def test_a_still_picture_is_kept_once(tmp_path: Path) -> None:
    frames = filtered([noisy(scene(100), n) for n in range(6)], tmp_path)
    assert [frame.stands_for for frame in frames] == [(0.0, 0.5, 1.0, 1.5, 2.0, 2.5)]


def test_a_line_of_small_text_makes_a_picture_new(tmp_path: Path) -> None:
    frames = filtered([scene(100), scene(100), scene(100, "NORDVIK"), scene(100, "VOLTRA")], tmp_path)
    assert [frame.stands_for for frame in frames] == [(0.0, 0.5), (1.0,), (1.5,)]


def test_one_is_kept_after_the_longest_hold(tmp_path: Path) -> None:
    frames = filtered([scene(100)] * 5, tmp_path, longest_hold=1)
    assert [frame.t for frame in frames] == [0.0, 1.0, 2.0]


def test_cuts_are_marked_and_pans_are_not(tmp_path: Path) -> None:
    pan = [scene(90, shift=25 * n) for n in range(4)]
    frames = filtered([*pan, *(scene(180, shift=25 * n) for n in range(3))], tmp_path)
    assert [frame.t for frame in frames if frame.cut] == [2.0]


def test_a_slow_change_is_noticed_though_each_step_is_small(tmp_path: Path) -> None:
    frames = filtered([scene(100 + 2 * n) for n in range(8)], tmp_path, same=7)
    assert [frame.t for frame in frames] == [0.0, 2.0]


def test_a_picture_that_cannot_be_read_is_left_to_later_stages(tmp_path: Path) -> None:
    frames = filtered([scene(100), b"no picture", scene(100)], tmp_path)
    assert [frame.t for frame in frames] == [0.0, 0.5, 1.0]


def test_the_strictest_setting_keeps_all(tmp_path: Path) -> None:
    assert len(filtered([noisy(scene(100), n) for n in range(4)], tmp_path, same=0)) == 4
