"""Frames: tar shards, their index, and times that are never lost."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.datatypes import Frames, FrameWriter, MediaInfo
from stages.datatypes.tar_shard import TarShard
from tests.unit.harness import make_blobs

INFO = MediaInfo(10.0, 10.0, 96, 64, 25.0)


def jpeg(shade: int) -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((64, 96, 3), shade, np.uint8))[1])


def some_frames(tmp_path: Path, count: int = 6, shard_bytes: int = 3000) -> Frames:
    writer = FrameWriter(make_blobs(tmp_path), shard_bytes)
    for n in range(count):
        writer.add(jpeg(20 * n), n / 2)
    return writer.finish(INFO, 0.5)


def test_shards_are_real_tar_files(tmp_path: Path) -> None:
    frames = some_frames(tmp_path)
    assert len(frames.shards) == 3
    with tarfile.open(fileobj=io.BytesIO(frames.blobs.get(frames.shards[1]))) as tar:
        assert tar.getnames() == ["frame-000002.jpg", "frame-000003.jpg"]
        member = tar.getmember("frame-000002.jpg")
        assert (member.mtime, member.uid, member.uname) == (0, 0, "")
        content = tar.extractfile(member)
        assert content is not None
        assert content.read() == frames[2].jpeg()


def test_a_frame_gives_its_picture(tmp_path: Path) -> None:
    frame = some_frames(tmp_path)[3]
    assert (frame.t, frame.stands_for) == (1.5, (1.5,))
    image = frame.image()
    assert (image.shape, image.dtype) == ((64, 96, 3), np.uint8)
    assert abs(int(image[0, 0, 0]) - 60) <= 1


def test_a_picture_that_is_no_jpeg_says_so(tmp_path: Path) -> None:
    writer = FrameWriter(make_blobs(tmp_path))
    writer.add(b"no picture", 1.0)
    with pytest.raises(ValueError, match=r"picture at 1.000 s .* no JPEG"):
        writer.finish(INFO, 0.5)[0].image()


def test_the_same_frames_are_the_same_bytes(tmp_path: Path) -> None:
    one, other = some_frames(tmp_path / "a"), some_frames(tmp_path / "b")
    assert one.encode(one.blobs) == other.encode(other.blobs)


def test_frames_come_in_order_of_time(tmp_path: Path) -> None:
    writer = FrameWriter(make_blobs(tmp_path))
    writer.add(b"a", 1.0)
    with pytest.raises(ValueError, match="frames come in order of time"):
        writer.add(b"b", 1.0)


def test_no_more_than_a_shard_is_held(tmp_path: Path) -> None:
    writer = FrameWriter(make_blobs(tmp_path), shard_bytes=10_000)
    held = 0
    for n in range(200):
        writer.add(bytes(1000), float(n))
        held = max(held, len(writer._shards))
    assert held < 10_000
    assert len(writer.finish(INFO, 1.0).shards) == 29


def test_what_is_left_out_is_stood_for(tmp_path: Path) -> None:
    kept = some_frames(tmp_path).keep([0, 3, 4], cuts=[3], notes=["why"])
    assert [frame.stands_for for frame in kept] == [(0.0, 0.5, 1.0), (1.5,), (2.0, 2.5)]
    assert [frame.cut for frame in kept] == [False, True, False]
    assert kept[1].jpeg() == jpeg(60)
    assert kept.notes == ("why",)


def test_shards_that_hold_nothing_any_more_are_let_go(tmp_path: Path) -> None:
    frames = some_frames(tmp_path)
    kept = frames.keep([0, 4])
    assert kept.shards == (frames.shards[0], frames.shards[2])
    assert [frame.jpeg() for frame in kept] == [jpeg(0), jpeg(80)]


def test_the_first_frame_must_be_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="so that no time is lost"):
        some_frames(tmp_path).keep([1, 2])


def test_frames_survive_encoding(tmp_path: Path) -> None:
    kept = some_frames(tmp_path).keep([0, 3, 4], cuts=[3])
    again = Frames.decode(kept.encode(kept.blobs), kept.blobs)
    assert [(f.t, f.stands_for, f.cut, f.jpeg()) for f in again] == [(f.t, f.stands_for, f.cut, f.jpeg()) for f in kept]
    assert (again.info, again.period_s, again.shards) == (kept.info, kept.period_s, kept.shards)


def test_the_nearest_frame(tmp_path: Path) -> None:
    assert some_frames(tmp_path).at(1.3).t == 1.5


@given(st.lists(st.binary(max_size=1500), min_size=1, max_size=12))
def test_every_offset_of_a_tar_leads_to_its_content(contents: list[bytes]) -> None:
    shard = TarShard()
    offsets = [shard.add(f"frame-{n:06d}.jpg", content) for n, content in enumerate(contents)]
    data = shard.close()
    assert [data[o : o + len(c)] for o, c in zip(offsets, contents, strict=True)] == contents
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert [(m.name, m.offset_data) for m in tar] == [(f"frame-{n:06d}.jpg", o) for n, o in enumerate(offsets)]


@given(st.data())
def test_keeping_twice_loses_no_time(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    frames = some_frames(tmp_path_factory.mktemp("frames"), 8)
    for _ in range(2):
        rest = data.draw(st.sets(st.integers(1, len(frames) - 1))) if len(frames) > 1 else set()
        frames = frames.keep(sorted({0} | rest))
    assert sorted(t for frame in frames for t in frame.stands_for) == [n / 2 for n in range(8)]
