"""crop_regions: pieces of pictures, set straight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stages.core.blobs import BlobStore
from stages.core.envelope import Envelope
from stages.core.errors import TooManyFailedItems
from stages.datatypes import Crops, Frames, FrameWriter, MediaInfo, Reading, Readings
from stages.video import crop_regions
from stages.video.crop_regions import straight
from tests.unit.harness import run_stage

INFO = MediaInfo(4.0, 4.0, 640, 360, 25.0)
"""The source is twice as large as its pictures, 320 by 180."""

PLACE = np.array([[200, 100], [400, 100], [400, 140], [200, 140]], np.float32)


def picture(shade: int) -> np.ndarray:
    """Grey, with a red board where PLACE is, and white around that."""
    image = np.full((180, 320, 3), shade, np.uint8)
    image[40:80, 90:210] = 255
    image[50:70, 100:200] = (0, 0, 200)
    return image


def frames_in(blobs: BlobStore, broken: int | None = None) -> Frames:
    writer = FrameWriter(blobs)
    for n in range(4):
        jpeg = bytes(cv2.imencode(".jpg", picture(40 * n))[1])
        writer.add(b"no picture" if n == broken else jpeg, float(n))
    return writer.finish(INFO, 1.0)


def reading(track: int, t: float, quad: np.ndarray = PLACE) -> Reading:
    return Reading(track, t, f"text {track}", 0.7, "", quad)


def cropped(
    rows: list[Reading], tmp_path: Path, blobs: BlobStore, broken: int | None = None, **config: Any
) -> tuple[Crops, Envelope]:
    reads = {"frames": frames_in(blobs, broken), "unresolved": Readings.of(rows)}
    values, envelope = run_stage(crop_regions.definition, config, reads, tmp_path, blobs)
    return values["crops"], envelope


def image_of(jpeg: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))


def test_each_reading_is_cut_out_with_a_margin(tmp_path: Path, blobs: BlobStore) -> None:
    crops, envelope = cropped([reading(7, 2.0), reading(3, 3.0)], tmp_path, blobs, margin=0.25)
    assert [(c.track, c.t, c.text, c.score) for c in crops] == [(7, 2.0, "text 7", 0.7), (3, 3.0, "text 3", 0.7)]
    image = image_of(crops[0].jpeg())
    assert image.shape == (30, 110, 3)  # 20 by 100 pixels of the picture, and 5 on each side
    assert image[15, 55, 2] > 180
    assert image[15, 55, 0] < 30
    assert image[1, 55].min() > 230
    assert np.array_equal(crops[0].quad, PLACE)
    assert envelope.failed == {}


def test_no_piece_is_larger_than_wanted(tmp_path: Path, blobs: BlobStore) -> None:
    crops, _ = cropped([reading(0, 0.0)], tmp_path, blobs, margin=0, max_side=50)
    assert image_of(crops[0].jpeg()).shape == (10, 50, 3)


def test_the_same_piece_has_the_same_digest(tmp_path: Path, blobs: BlobStore) -> None:
    crops, _ = cropped([reading(0, 0.0), reading(1, 0.0), reading(2, 1.0)], tmp_path, blobs, margin=3)
    assert crops.digests[0] == crops.digests[1] != crops.digests[2]


@pytest.mark.parametrize("degrees", [0, 20, -35, 90])
def test_what_is_tilted_is_set_straight(degrees: float) -> None:
    board = np.zeros((400, 400, 3), np.uint8)
    turn = cv2.getRotationMatrix2D((200, 200), degrees, 1.0)
    flat = np.array([[100, 180], [300, 180], [300, 220], [100, 220]], np.float32)
    quad = (np.c_[flat, np.ones(4)] @ turn.T).astype(np.float32)
    cv2.fillConvexPoly(board, np.round(quad).astype(np.int32), (255, 255, 255))
    made = straight(board, quad, 0.5, 512)
    assert abs(made.shape[0] - 80) <= 1
    assert abs(made.shape[1] - 240) <= 1
    assert made[25:55, 25:215].mean() > 250
    assert made[:15].mean() < 5


def test_a_picture_that_is_none_costs_its_pieces_only(tmp_path: Path, blobs: BlobStore) -> None:
    rows = [reading(track, float(track % 4)) for track in range(8)]
    crops, envelope = cropped(rows, tmp_path, blobs, broken=2, max_failed=0.5)
    assert [crop.track for crop in crops] == [0, 4, 1, 5, 3, 7]
    assert envelope.failed["count"] == 2
    assert envelope.failed["items"][0]["message"].startswith("track 2 at 2.000 s: the picture at 2.000 s in ")
    assert crops.notes == ("2 of 8 unresolved texts could not be cut out.",)
    with pytest.raises(TooManyFailedItems, match="2 item"):
        cropped(rows, tmp_path, blobs, broken=2, max_failed=0.1)


@pytest.mark.parametrize("quad", [np.zeros((4, 2)), PLACE * np.nan, PLACE[[0, 1, 1, 0]]])
def test_a_quad_that_holds_nothing_is_named(tmp_path: Path, blobs: BlobStore, quad: np.ndarray) -> None:
    crops, envelope = cropped([reading(0, 0.0), reading(1, 1.0, quad.astype(np.float32))], tmp_path, blobs)
    assert len(crops) == 1
    assert "track 1 at 1.000 s: the quad [[" in envelope.failed["items"][0]["message"]


def test_a_quad_beyond_the_picture_is_filled_up(tmp_path: Path, blobs: BlobStore) -> None:
    crops, _ = cropped([reading(0, 0.0, PLACE - 350)], tmp_path, blobs)
    assert image_of(crops[0].jpeg()).size


def test_nothing_unresolved_nothing_cut(tmp_path: Path, blobs: BlobStore) -> None:
    assert len(cropped([], tmp_path, blobs)[0]) == 0
