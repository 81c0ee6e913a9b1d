"""detect_objects: the network's answers become boxes in pixels of the source; real looks at rendered pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from stages.core.envelope import Envelope
from stages.core.errors import TooManyFailedItems
from stages.core.spread import ThreadSpread
from stages.core.stage_version import stage_version
from stages.datatypes import Boxes, FrameWriter, MediaInfo
from stages.objects import detect_objects, nanodet
from stages.objects.coco import LABELS
from stages.objects.detect_objects import DetectObjectsConfig
from stages.objects.nanodet import Limits, decoded, network_input, strongest
from tests.unit.harness import make_blobs, make_context, run_stage

Picture = NDArray[np.uint8]
GREY = np.full((180, 320, 3), 90, np.uint8)


def stop_sign() -> Picture:
    """A sign at the roadside, 320x180; it reaches from (116, 20) to (204, 108)."""
    picture = np.full((180, 320, 3), (225, 190, 150), np.uint8)
    picture[130:] = 90
    cv2.rectangle(picture, (158, 100), (162, 175), (150, 150, 150), -1)
    turns = np.deg2rad(np.arange(8) * 45 + 22.5)
    for radius, colour in ((48, (245, 245, 245)), (44, (40, 30, 190))):
        corners = np.stack([160 + radius * np.cos(turns), 64 + radius * np.sin(turns)], 1)
        cv2.fillPoly(picture, [np.round(corners * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)
    cv2.putText(picture, "STOP", (124, 74), cv2.FONT_HERSHEY_DUPLEX, 0.95, (250, 250, 250), 3, cv2.LINE_AA)
    return picture


def jpeg(picture: Picture) -> bytes:
    return bytes(cv2.imencode(".jpg", picture)[1])


def detect(pictures: list[bytes], tmp_path: Path, **config: Any) -> tuple[Boxes, Envelope]:
    blobs, spread = make_blobs(tmp_path), ThreadSpread(2)
    writer = FrameWriter(blobs)
    for n, picture in enumerate(pictures):
        writer.add(picture, n / 2)
    frames = writer.finish(MediaInfo(9, 9, 640, 360, 25), 0.5)  # the source was twice as large as what was kept
    ctx = make_context(spread=spread)
    values, envelope = run_stage(detect_objects.definition, config, {"frames": frames}, tmp_path, blobs, ctx)
    spread.close()
    return values["objects"], envelope


def answer(cell: tuple[int, int, int], label: str, score: float, distances: tuple[int, ...]) -> list[NDArray[Any]]:
    """What the network would say of one thing, seen by cell (stride, row, column), so many strides from its sides."""
    stride, row, column = cell
    outputs = [np.zeros((1, (416 // s) ** 2, 80), np.float32) for s in nanodet.STRIDES]
    outputs += [np.zeros((1, (416 // s) ** 2, 44), np.float32) for s in nanodet.STRIDES]
    at, place = row * (416 // stride) + column, nanodet.STRIDES.index(stride)
    outputs[place][0, at, LABELS.index(label)] = score
    for side, distance in enumerate(distances):
        outputs[place + 3][0, at, side * nanodet.BINS + distance] = 50
    return outputs


def test_a_cell_tells_how_far_the_sides_are_from_its_middle() -> None:
    found = decoded(answer((16, 3, 5), "bicycle", 0.8, (2, 1, 4, 3)), 0.35)
    assert found.labels == ["bicycle"]
    assert np.allclose(found.corners[0], [88 - 32, 56 - 16, 88 + 64, 56 + 48], atol=1e-3)


def test_a_distance_between_two_steps_is_their_mean() -> None:
    outputs = answer((8, 10, 10), "dog", 0.9, (2, 2, 2, 2))
    outputs[3][0, 10 * 52 + 10, 3] = 50  # left: two steps or three, as likely
    assert np.allclose(decoded(outputs, 0.35).corners[0], [84 - 20, 84 - 16, 84 + 16, 84 + 16], atol=1e-3)


def test_what_is_not_sure_is_no_thing() -> None:
    assert len(decoded(answer((32, 1, 1), "cat", 0.3, (1, 1, 1, 1)), 0.35).scores) == 0
    assert len(strongest(decoded(answer((32, 1, 1), "cat", 0.3, (1, 1, 1, 1)), 0.35), Limits()).scores) == 0


def test_of_two_that_overlap_the_surer_stays_if_they_are_of_one_class() -> None:
    corners = np.array([[0, 0, 100, 100], [5, 0, 105, 100], [5, 0, 105, 100], [200, 0, 300, 100]], np.float32)
    scores, classes = np.array([0.6, 0.9, 0.5, 0.7], np.float32), np.array([0, 0, 1, 0])
    kept = strongest(nanodet.Found(corners, scores, classes), Limits(0.35, 0.5))
    assert kept.scores.round(2).astype(str).tolist() == ["0.9", "0.7", "0.5"]
    assert kept.labels == ["person", "person", "bicycle"]


def test_a_picture_stands_at_top_left_and_black_is_below() -> None:
    made, scale = network_input(np.full((180, 320, 3), (10, 20, 30), np.uint8))
    assert (made.shape, scale) == ((1, 3, 416, 416), 1.3)
    normal = (np.array((10, 20, 30)) - nanodet.MEAN) / nanodet.DEVIATION
    assert np.allclose(made[0, :, 233, 415], normal, atol=1e-5)
    assert np.allclose(made[0, :, 234, 0], -np.array(nanodet.MEAN) / nanodet.DEVIATION, atol=1e-5)


def test_it_sees_and_says_where_in_the_source(tmp_path: Path) -> None:
    objects, _ = detect([jpeg(GREY), jpeg(stop_sign())], tmp_path, labels=["stop sign"])
    assert [(box.t, box.label) for box in objects] == [(0.5, "stop sign")]
    assert objects[0].score > 0.8
    assert np.allclose(objects[0].quad, [[232, 40], [408, 40], [408, 216], [232, 216]], atol=16)


def test_labels_that_are_not_wanted_are_left_out(tmp_path: Path) -> None:
    objects, _ = detect([jpeg(stop_sign())], tmp_path, labels=["person", "bicycle"])
    assert len(objects) == 0
    assert objects.quads.shape == (0, 4, 2)


def test_an_unknown_label_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValidationError, match="does not know 'bycicle'; did you mean 'bicycle'"):
        DetectObjectsConfig(labels=["person", "bycicle"])


def test_one_bad_picture_is_a_failed_item(tmp_path: Path) -> None:
    objects, envelope = detect([jpeg(GREY), b"no picture"], tmp_path)
    assert objects.notes == ("1 of 2 pictures could not be searched for objects.",)
    assert envelope.failed["count"] == 1
    with pytest.raises(TooManyFailedItems, match=r"'detect_objects'.* more than the limit of 1"):
        detect([jpeg(GREY), b"", b""], tmp_path / "more")


def test_the_model_is_the_one_that_the_stage_depends_on() -> None:
    assert "sha256:" + hashlib.sha256(nanodet.MODEL.read_bytes()).hexdigest() == nanodet.DIGEST
    assert nanodet.DIGEST in detect_objects.definition.depends
    assert len(LABELS) == len(set(LABELS)) == 80
    assert stage_version(detect_objects.definition).startswith("1+")
    for name in ("NOTICE", "nanodet_g_416.LICENSE.txt"):
        assert nanodet.MODEL.with_name(name).exists()


def test_a_damaged_model_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    monkeypatch.setattr(nanodet, "MODEL", broken)
    with pytest.raises(ValueError, match=r"model.onnx is damaged: found sha256:\w+, expected sha256:938e"):
        nanodet._model.__wrapped__()
