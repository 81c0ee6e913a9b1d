"""Media of every kind, good and bad, through the pipeline: a report, or an error that names the file and the cause."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.brands import match_brands, track_exposures
from stages.core.blobs import BlobStore
from stages.core.errors import InputError
from stages.datatypes import Frames, Video
from stages.report import compile_report
from stages.text import find_text, follow_text, read_text
from stages.video import extract_frames
from tests.unit.films import Picture, counting, film
from tests.unit.harness import make_blobs, run_stage

SEEN = (extract_frames, find_text, follow_text)
WHOLE = (*SEEN, read_text, match_brands, track_exposures, compile_report)

RATES = {"fps": 1, "motion_fps": 6.25, "cut": 1}
SIZE = (160, 90)
SCRIPTS = ["NORDVIK", "Газпром", "Εθνική", "华为|華為", "ソニー", "삼성", "الأهلي"]


def lettered(n: int, size: tuple[int, int] = SIZE, word: str = "NORDVIK") -> Picture:
    """A word across the picture, which moves to the right by a pixel each picture."""
    import cv2

    width, height = size
    picture = np.full((height, width, 3), 30, np.uint8)
    place, scale = (width // 16 + n % 8, height // 2), width / 230
    cv2.putText(picture, word, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (240, 240, 240), max(1, width // 80))
    return picture


def noise(n: int) -> Picture:
    """A picture that needs many packets of a transport stream."""
    return np.random.default_rng(n).integers(0, 255, (96, 128, 3), dtype=np.uint8)


def through(path: Path, tmp_path: Path, stages: tuple[Any, ...] = SEEN, brands: list[str] | None = None) -> Any:
    """All that the stages give for a film, and the store, as "blobs"."""
    blobs = make_blobs(tmp_path)
    values: dict[str, Any] = {"video": Video.from_address(str(path))}
    settings: dict[Any, Any] = {extract_frames: RATES, match_brands: {"brands": brands or ["NORDVIK"]}}
    for stage in stages:
        reads = {key: values[key] for key in stage.definition.read_types if key in values}
        values |= run_stage(stage.definition, settings.get(stage, {}), reads, tmp_path, blobs)[0]
    return values | {"blobs": blobs}


def reported(values: dict[str, Any]) -> Any:
    """report.json."""
    blobs: BlobStore = values["blobs"]
    return json.loads(blobs.get(values["report"].files["report.json"]))


def joined(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def remuxed(path: Path, source: Path, change: Callable[[int, Any], None]) -> Path:
    """The film with its packets changed, not its pictures."""
    import av

    with av.open(str(source)) as read, av.open(str(path), "w") as write:
        stream = write.add_stream_from_template(read.streams.video[0])
        for n, packet in enumerate(packet for packet in read.demux(video=0) if packet.size):
            packet.stream = stream
            change(n, packet)
            write.mux(packet)
    return path


@dataclass(frozen=True)
class Kind:
    """A film of some kind, made by `film` with these arguments, and what must come of it."""

    name: str
    args: dict[str, Any]
    seconds: float = 1.0
    text: bool = True


QUIET = {"x265-params": "log-level=none"}

KINDS = [
    Kind("one.mp4", {"frames": 1}, 0.04),
    Kind("half_a_second.mp4", {"frames": 12}, 0.48),
    Kind("slow.mp4", {"frames": 3, "fps": 1}, 3.0),
    Kind("fast.mp4", {"frames": 120, "fps": 120, "ticks": 12000}),
    Kind("interlaced.mp4", {"size": (160, 96), "coding": {"x264-params": "tff=1"}}),
    Kind("interlaced.ts", {"size": (160, 96), "codec": "mpeg2video", "coding": {"flags": "+ildct+ilme"}, "ticks": 25}),
    Kind("hevc.mp4", {"codec": "libx265", "coding": QUIET}),
    Kind("hevc_10_bit.mkv", {"codec": "libx265", "coding": QUIET, "pix_fmt": "yuv420p10le"}),
    Kind("h264_10_bit.mp4", {"pix_fmt": "yuv420p10le"}),
    Kind("vp9.webm", {"codec": "libvpx-vp9", "coding": {"deadline": "realtime", "cpu-used": "8"}}),
    Kind("av1.mkv", {"codec": "libsvtav1", "coding": {"preset": "11"}}),
    Kind("prores.mov", {"codec": "prores_ks", "pix_fmt": "yuv422p10le"}),
    Kind("lossless_grey.mkv", {"codec": "ffv1", "pix_fmt": "gray16le"}),
    Kind("no_container.h264", {}),
    Kind("broadcast.ts", {"coding": {"g": "12", "bf": "2"}}),
    Kind("live.mkv", {"options": {"live": "1"}}),
    Kind("fragments.mp4", {"options": {"movflags": "frag_keyframe+empty_moov"}}),
    Kind("2x2.mp4", {"size": (2, 2)}, text=False),
    Kind("1x1.mkv", {"size": (1, 1), "codec": "ffv1", "pix_fmt": "bgr0"}, text=False),
    Kind("16x16.mp4", {"size": (16, 16)}, text=False),
    Kind("17x31.mp4", {"size": (17, 31)}, text=False),
    Kind("strip.mp4", {"size": (2048, 16), "frames": 2}, 0.08, text=False),
    Kind("8k.mkv", {"size": (7680, 4320), "frames": 1, "codec": "mjpeg", "pix_fmt": "yuvj420p"}, 0.04),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_decodes_is_searched_and_followed(kind: Kind, tmp_path: Path) -> None:
    size = kind.args.get("size", SIZE)
    paint = counting(size) if size[0] < 40 else lambda n: lettered(n, size)
    path = film(tmp_path / kind.name, **{"frames": 25, "size": size, "paint": paint} | kind.args)
    values = through(path, tmp_path)
    frames, motion = values["frames"], values["motion"]
    assert frames.info.decoded_s == pytest.approx(kind.seconds, abs=0.05)
    assert (frames.info.width, frames.info.height) == size
    assert frames.notes == ()
    assert set(frames.index.t) <= set(motion.index.t)
    assert (len(values["regions"]) > 0) == kind.text
    assert len(values["tracks"]) >= len(values["regions"])


def test_pictures_that_stand_unevenly_long_are_looked_at_while_they_stand(tmp_path: Path) -> None:
    times = [0, 0.04, 0.08, 2.2, 2.24, 2.6, 5]
    frames = through(film(tmp_path / "a.mp4", times=times, size=SIZE, paint=lettered), tmp_path)["frames"]
    assert frames.index.t.tolist() == [0.0, 0.08, 2.6]
    assert frames.info.decoded_s == pytest.approx(5.04, abs=0.05)


def test_one_time_far_off_does_not_end_the_film(tmp_path: Path) -> None:
    def far_off(n: int, packet: Any) -> None:
        packet.pts += 500_000 if n == 20 else 0

    path = remuxed(tmp_path / "b.mkv", film(tmp_path / "a.mkv", 50, size=SIZE, paint=lettered), far_off)
    values = through(path, tmp_path, WHOLE)
    assert values["frames"].info.decoded_s == 2.0
    assert "1 picture(s) with times that run backwards were left out." in values["frames"].notes
    assert reported(values)["brands"][0]["seconds"] == pytest.approx(2, abs=0.2)


def test_a_picture_that_claims_to_stand_for_months_stands_a_minute(tmp_path: Path) -> None:
    def months(n: int, packet: Any) -> None:
        packet.duration = 10**10 if n == 9 else packet.duration

    path = remuxed(tmp_path / "b.mkv", film(tmp_path / "a.mkv", 10), months)
    values = through(path, tmp_path)
    assert values["frames"].info.decoded_s == pytest.approx(60.36)
    assert "Decoding ended at 60.36 s of the 10000000.36 s" in values["frames"].notes[0]


def test_recordings_put_one_behind_the_other_are_one_film(tmp_path: Path) -> None:
    part = film(tmp_path / "a.ts", 50, size=SIZE, paint=lettered)
    values = through(joined(tmp_path / "b.ts", part, part), tmp_path, WHOLE)
    assert values["frames"].info.decoded_s == pytest.approx(4, abs=0.05)
    assert "The file's clock begins anew 1 time(s); times are counted on from there." in values["frames"].notes
    assert reported(values)["brands"][0]["seconds"] == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize("size", [(320, 180), (90, 160), (80, 44)], ids=str)
def test_a_film_whose_size_changes_half_way_keeps_the_shape_of_its_first_picture(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    one = film(tmp_path / "a.h264", 50, SIZE, paint=lettered)
    other = film(tmp_path / "b.h264", 50, size, paint=lambda n: lettered(n, size))
    values = through(joined(tmp_path / "c.h264", one, other), tmp_path)
    frames, motion = values["frames"], values["motion"]
    assert {frame.luma().shape for frame in motion} == {(90, 160)}
    assert frames[3].image().shape[1] / frames[3].image().shape[0] == pytest.approx(16 / 9, abs=0.1)
    assert frames.info.decoded_s == 4.0


def test_what_a_container_marks_as_damaged_is_told(tmp_path: Path) -> None:
    path = film(tmp_path / "a.ts", 100, (128, 96), paint=noise)
    data = bytearray(path.read_bytes())
    middle = len(data) // 188 // 2 * 188
    del data[middle : middle + 188 * 40]
    path.write_bytes(data)
    frames: Frames = through(path, tmp_path, (extract_frames,))["frames"]
    assert frames.info.decoded_s == pytest.approx(4, abs=0.1)
    assert "packet(s) of the video are damaged, the first after" in frames.notes[0]


def test_pictures_that_the_decoder_made_up_in_part_are_told(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 50, (128, 96), paint=noise, options={"movflags": "+faststart"})
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 2, len(data) * 3 // 4, 500):
        data[place] ^= 0x55
    path.write_bytes(data)
    frames: Frames = through(path, tmp_path, (extract_frames,))["frames"]
    assert frames.info.decoded_s == pytest.approx(2, abs=0.1)
    assert any("picture(s) are spoilt by damage, the first at" in note for note in frames.notes)


def test_further_streams_are_told(tmp_path: Path) -> None:
    import av

    parts = [film(tmp_path / f"{n}.mp4", 25, size=SIZE, paint=lettered) for n in range(2)]
    path = tmp_path / "two.mkv"
    with av.open(str(parts[0])) as one, av.open(str(parts[1])) as other, av.open(str(path), "w") as write:
        streams = [write.add_stream_from_template(read.streams.video[0]) for read in (one, other)]
        for stream, read in zip(streams, (one, other), strict=True):
            for packet in read.demux(video=0):
                packet.stream = stream
                if packet.size:
                    write.mux(packet)
    frames = through(path, tmp_path, (extract_frames,))["frames"]
    assert frames.notes == ("The file has 1 more stream(s) of moving pictures, which were not looked at.",)


def test_a_coding_that_is_not_known_is_refused(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"xyz1"))
    with pytest.raises(InputError, match=r"a\.mp4 .* in a coding that cannot be decoded here"):
        through(path, tmp_path)


def test_a_folder_of_pictures_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is a folder\. Name one video file in it; pictures first have to become one"):
        Video.from_address(str(tmp_path))


def test_brands_in_other_scripts_and_two_thousand_of_them(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 25, size=SIZE, paint=lettered)
    letters = np.random.default_rng(0).choice(list("ABCDEFGHIJKLMOPRSTUWYZ"), (2000, 9))
    values = through(path, tmp_path, WHOLE, [*SCRIPTS, *sorted({"".join(name) for name in letters})])
    seen = {row["brand"] for row in reported(values)["exposures"]}
    assert seen == {"NORDVIK"}
