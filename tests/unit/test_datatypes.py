"""Data types: what they hold survives the store; a video is known by its content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.blobs import BlobStore
from stages.core.errors import InputError
from stages.core.objects import ObjectHead
from stages.core.store_address import StoreAddress
from stages.datatypes import (
    Box,
    Boxes,
    Detection,
    Detections,
    Exposure,
    Exposures,
    Reading,
    Readings,
    TrackPoint,
    Tracks,
    Video,
    s3_input,
)
from stages.datatypes.arrow import quad_areas
from tests.unit.harness import make_blobs

QUAD = np.array([[1, 2], [11, 2], [11, 7], [1, 7]], np.float32)


TIMES = st.floats(0, 1e5)
SHARES = st.floats(0, 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
QUADS = st.lists(st.floats(-1e4, 1e4, width=32), min_size=8, max_size=8).map(
    lambda numbers: np.array(numbers, np.float32).reshape(4, 2)
)
NOTES = st.lists(TEXTS, max_size=2)


def same(one: Any, other: Any) -> bool:
    """Whether two rows are equal, quads and all."""
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@given(st.lists(st.builds(Box, TIMES, TEXTS, SHARES, QUADS), max_size=5), NOTES)
def test_boxes_survive_the_store(blobs: BlobStore, rows: list[Box], notes: list[str]) -> None:
    again = Boxes.decode(Boxes.of(rows, notes).encode(blobs), blobs)
    assert len(again) == len(rows)
    assert all(same(one, other) for one, other in zip(again, rows, strict=True))
    assert again.notes == tuple(notes)
    assert again.quads.shape == (len(rows), 4, 2)


@given(st.lists(st.builds(Reading, st.integers(0, 9), TIMES, TEXTS, SHARES, TEXTS, QUADS), max_size=5), NOTES)
def test_readings_survive_the_store_in_order_of_track_and_time(
    blobs: BlobStore, rows: list[Reading], notes: list[str]
) -> None:
    again = Readings.decode(Readings.of(rows, notes).encode(blobs), blobs)
    ordered = sorted(rows, key=lambda row: (row.track, row.t))
    assert len(again) == len(rows)
    assert all(same(one, other) for one, other in zip(again, ordered, strict=True))
    assert again.notes == tuple(notes)


@given(st.lists(st.builds(TrackPoint, st.integers(0, 9), TIMES, SHARES, st.booleans(), QUADS), max_size=9), NOTES)
def test_tracks_survive_the_store_and_know_their_rows(
    blobs: BlobStore, rows: list[TrackPoint], notes: list[str]
) -> None:
    rows = sorted(rows, key=lambda row: (row.track, row.t))
    again = Tracks.decode(Tracks.of(rows, notes).encode(blobs), blobs)
    assert len(again) == len(rows)
    assert all(same(again[place], row) for place, row in enumerate(rows))
    assert again.notes == tuple(notes)
    rows_of = again.rows_of()
    assert [row for own in rows_of.values() for row in own] == list(range(len(rows)))
    assert all(rows[row].track == track for track, own in rows_of.items() for row in own)
    assert list(rows_of) == sorted({row.track for row in rows})


def test_what_is_shown_of_boxes_tracks_and_readings() -> None:
    boxes = [Box(0, label, 0.5, QUAD) for label in ("text", "person", "text", *"abcde")]
    assert Boxes.of(boxes).summary() == {"boxes": 8, "text": 2, "a": 1, "b": 1, "c": 1, "d": 1}
    points = [TrackPoint(track, n, 1.0, False, QUAD) for track in (0, 3) for n in range(2)]
    assert Tracks.of(points).summary() == {"tracks": 2, "points": 4}
    readings = [Reading(track, n, "NORDVIK", 0.9, "", QUAD) for track in (0, 3) for n in range(2)]
    assert Readings.of(readings).summary() == {"readings": 4, "tracks": 2, "texts": 1}


def test_no_rows_survive_too(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    for kind in (Boxes, Readings, Tracks, Detections):
        none = kind.decode(kind.of([]).encode(blobs), blobs)
        assert len(none) == 0
        assert none.quads.shape == (0, 4, 2)
    assert Tracks.of([]).rows_of() == {}


def test_equal_tables_are_equal_bytes(tmp_path: Path) -> None:
    rows = [Box(0.5, "text", 1.0, QUAD)]
    assert Boxes.of(rows).encode(make_blobs(tmp_path / "a")) == Boxes.of(rows).encode(make_blobs(tmp_path / "b"))


def test_detections_survive_the_store(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    found = Detections.of([Detection(0.5, "NORDVIK", "NORDVlK", 0.93, "text", "", QUAD)]).assigned(["e0001"])
    again = Detections.decode(found.encode(blobs), blobs)
    assert again[0][:6] == (0.5, "NORDVIK", "NORDVlK", 0.93, "text", "e0001")
    assert np.array_equal(again[0].quad, QUAD)
    with pytest.raises(ValueError, match="2 exposures for 1 detections"):
        found.assigned(["e0001", "e0002"])


def test_exposures_survive_the_store(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    exposures = Exposures((Exposure("e0001", "NORDVIK", 1.0, 3.5, 0.01, 0.02, 0.9, 2.0),))
    assert Exposures.decode(exposures.encode(blobs), blobs) == exposures
    assert exposures.summary() == {"exposures": 1, "brands": 1, "seconds": 2.5}


def test_the_area_of_a_quad_is_that_of_its_outline() -> None:
    tilted = np.array([[5, 0], [10, 5], [5, 10], [0, 5]], np.float32)
    assert quad_areas(np.stack([QUAD, tilted])).tolist() == [50.0, 50.0]


def test_a_video_is_known_by_its_content_and_not_its_place(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    (tmp_path / "a.mp4").write_bytes(b"film")
    (tmp_path / "b c.mp4").write_bytes(b"film")
    one, other = (
        Video.from_address(str(tmp_path / "a.mp4")),
        Video.from_address((tmp_path / "b c.mp4").as_uri()),
    )
    assert one.content == "sha256:" + hashlib.sha256(b"film").hexdigest()
    assert one.uri != other.uri
    assert Video.identity(one.encode(blobs)) == Video.identity(other.encode(blobs))
    assert Video.decode(one.encode(blobs), blobs) == one
    with other.open() as file:
        assert file.read() == b"film"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere.mp4", "is not there. Check the path"),
        ("folder", "is a folder"),
        ("empty.mp4", r"is empty \(0 bytes\)"),
    ],
)
def test_what_is_no_video_file_is_refused(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(InputError, match=f"{name} {says}") as caught:
        Video.from_address(str(tmp_path / name))
    assert caught.value.context["uri"] == str(tmp_path / name)


def test_addresses_that_are_not_read_are_named() -> None:
    with pytest.raises(InputError, match=r"https:// is not read. Download it, or put it on S3"):
        Video.from_address("https://example.org/a.mp4")
    with pytest.raises(InputError, match=r"s3://bucket names no object"):
        Video.from_address("s3://bucket")


def test_a_file_that_changed_after_it_was_keyed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"film")
    video = Video.from_address(str(path))
    path.write_bytes(b"longer film")
    with pytest.raises(InputError, match=r"has changed since this job began: 11 bytes, it had 4. Run again"):
        video.open()


@pytest.mark.parametrize(
    ("head", "content"),
    [(ObjectHead(5, "e1", "ab" * 32), "sha256:" + "ab" * 32), (ObjectHead(5, "e1-2"), "etag:e1-2")],
)
def test_on_s3_the_checksum_counts_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, head: ObjectHead, content: str
) -> None:
    monkeypatch.setattr(s3_input, "head", lambda uri: head)
    assert Video.from_address("s3://films/a.mp4") == Video("s3://films/a.mp4", content, 5)


def test_the_products_own_bucket_is_read_with_its_own_key() -> None:
    s3_input.use_store(StoreAddress("own", "prefix/", "http://127.0.0.1:1", "key", "secret"))
    try:
        assert s3_input.s3_options("own") == StoreAddress("own", "", "http://127.0.0.1:1", "key", "secret")
        assert s3_input.s3_options("other") == StoreAddress("other")
    finally:
        s3_input.use_store(None)
