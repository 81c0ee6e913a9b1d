"""index_scenes: cuts become scenes, and what was seen in each is counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.datatypes import Box, Boxes, Frames, FrameWriter, MediaInfo, Scene, SceneObject, Scenes
from stages.scenes import index_scenes
from tests.unit.harness import make_blobs, run_stage

QUAD = np.array([[60, 30], [110, 30], [110, 45], [60, 45]], np.float32)


def frames(times: Sequence[float], cuts: Sequence[float], tmp_path: Path, held: Sequence[float] = ()) -> Frames:
    """Pictures (without content) of a video of ten seconds; `held` are further times that the last stands for."""
    writer = FrameWriter(make_blobs(tmp_path))
    for t in times:
        writer.add(b"-", t, held if t == times[-1] else (), t in cuts)
    return writer.finish(MediaInfo(10, 10, 160, 90, 25), 1)


def boxes(*rows: tuple[float, str], notes: Sequence[str] = ()) -> Boxes:
    return Boxes.of([Box(t, label, 0.9, QUAD) for t, label in sorted(rows)], notes)


def index(tmp_path: Path, looked: Frames, config: dict[str, Any] | None = None, **reads: Any) -> Scenes:
    values, _ = run_stage(index_scenes.definition, config or {}, {"frames": looked, **reads}, tmp_path)
    scenes = values["scenes"]
    assert isinstance(scenes, Scenes)
    return scenes


def spans(scenes: Scenes) -> list[tuple[float, float]]:
    return [(scene.start_s, scene.end_s) for scene in scenes]


def test_scenes_reach_from_cut_to_cut(tmp_path: Path) -> None:
    scenes = index(tmp_path, frames([0, 1, 2, 3, 4, 5], [2, 4], tmp_path))
    assert spans(scenes) == [(0, 2), (2, 4), (4, 10)]
    assert [scene.id for scene in scenes] == ["s0001", "s0002", "s0003"]
    assert [scene.pictures for scene in scenes] == [2, 2, 2]
    assert scenes.summary() == {"scenes": 3, "labels": 0, "seconds": 10}


def test_cuts_are_taken_where_pictures_are_near_to_each_other(tmp_path: Path) -> None:
    motion = frames([0, 0.2, 1.2, 1.4, 2, 3.6, 4], [1.4, 3.6], tmp_path)
    scenes = index(tmp_path, frames([0, 1, 2, 3, 4], [2, 4], tmp_path), motion=motion)
    assert spans(scenes) == [(0, 1.4), (1.4, 3.6), (3.6, 10)]


def test_a_video_without_a_cut_is_one_scene(tmp_path: Path) -> None:
    assert spans(index(tmp_path, frames([0.5], [], tmp_path))) == [(0.5, 10)]


def test_flicker_makes_no_scenes(tmp_path: Path) -> None:
    times = [0, 1, 1.25, 1.5, 1.75, 5, 9.8]
    scenes = index(tmp_path, frames(times, [1, 1.25, 1.5, 1.75, 9.8], tmp_path))
    assert spans(scenes) == [(0, 1), (1, 1.5), (1.5, 10)]
    assert len(index(tmp_path, frames(times, [1, 1.25, 1.5, 1.75, 9.8], tmp_path), {"min_seconds": 0})) == 6


def test_a_cut_without_a_picture_of_its_scene_begins_none(tmp_path: Path) -> None:
    motion = frames([0, 1, 2, 3, 4], [1, 2], tmp_path)
    assert spans(index(tmp_path, frames([0, 2, 4], [2], tmp_path), motion=motion)) == [(0, 2), (2, 10)]


def test_things_are_counted_at_once_and_on_average(tmp_path: Path) -> None:
    seen = boxes((0, "person"), (0, "person"), (1, "person"), (1, "dog"), (3, "cat"), notes=["One picture failed."])
    scenes = index(tmp_path, frames([0, 1, 3, 4], [3], tmp_path), objects=seen)
    assert scenes.rows[0].objects == (SceneObject("person", 2, 1.5), SceneObject("dog", 1, 0.5))
    assert scenes.rows[1].objects == (SceneObject("cat", 1, 0.5),)
    assert scenes.notes == ("One picture failed.",)


def test_a_picture_counts_as_often_as_the_times_that_it_stands_for(tmp_path: Path) -> None:
    looked = frames([0, 1], [], tmp_path, held=[2, 3])
    assert index(tmp_path, looked, objects=boxes((1, "cat"))).rows[0].objects == (SceneObject("cat", 1, 0.75),)


def test_what_is_seen_in_few_pictures_of_a_scene_is_not_counted(tmp_path: Path) -> None:
    looked = frames([0, 1, 2, 3, 4], [], tmp_path)
    seen = boxes((0, "person"), (3, "person"), (4, "frisbee"))
    assert [one.label for one in index(tmp_path, looked, objects=seen).rows[0].objects] == ["person"]
    every = index(tmp_path, looked, {"least_share": 0}, objects=seen)
    assert [one.label for one in every.rows[0].objects] == ["person", "frisbee"]


@pytest.mark.parametrize(("seen", "shown"), [([], 5), ([1], 1), ([1, 7], 7), ([1, 7, 7, 1, 1], 1)])
def test_a_scene_is_shown_by_the_picture_with_most_in_it_then_the_middle_one(
    tmp_path: Path, seen: list[float], shown: float
) -> None:
    looked = frames([0, 1, 5, 7, 9], [], tmp_path)
    assert index(tmp_path, looked, objects=boxes(*((t, "person") for t in seen))).rows[0].picture_t == shown


def test_scenes_survive_the_store(tmp_path: Path) -> None:
    scenes = Scenes((Scene("s0001", 0.0, 2.5, 1.0, 3, (SceneObject("dog", 2, 0.67),)),), ("a note",))
    blobs = make_blobs(tmp_path)
    assert Scenes.decode(scenes.encode(blobs), blobs) == scenes
    assert scenes.summary() == {"scenes": 1, "labels": 1, "seconds": 2.5}
