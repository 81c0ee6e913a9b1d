"""extract_frames: good films by presentation time, bad ones as far as they go, no films refused with the cause."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.core.context import Silence
from stages.core.envelope import Envelope
from stages.core.errors import InputError, StoreUnreachable
from stages.datatypes import Frames, Video
from stages.video import extract_frames, media
from tests.unit.films import Picture, counting, film, sound, turned
from tests.unit.harness import make_context, run_stage

TWICE_A_SECOND = {"fps": 2, "motion_fps": 2, "cut": 1}
"""Both series at one rate, and nothing is a cut: how the two differ is told in test_pair_writer."""


def extract(path: Path, tmp_path: Path, **config: Any) -> tuple[Frames, Envelope]:
    video = Video.from_address(str(path))
    values, envelope = run_stage(extract_frames.definition, TWICE_A_SECOND | config, {"video": video}, tmp_path)
    return values["frames"], envelope


def number(picture: Picture) -> int:
    """The number that `counting` painted. (Its shade comes back one to four levels darker.)"""
    return round((float(picture[:, : picture.shape[1] // 3].mean()) + 2.5) / 5)


def noise(n: int) -> Picture:
    return np.random.default_rng(n).integers(0, 255, (96, 128, 3), dtype=np.uint8)


def test_pictures_at_their_presentation_times(tmp_path: Path) -> None:
    frames, envelope = extract(film(tmp_path / "a.mp4"), tmp_path)
    assert frames.index.t.tolist() == [0.0, 0.48, 1.0, 1.48]
    assert [number(frame.image()) for frame in frames] == [0, 12, 25, 37]
    assert (frames.info.duration_s, frames.info.decoded_s) == (2.0, 2.0)
    assert (frames.info.width, frames.info.height, frames.info.fps, frames.period_s) == (96, 64, 25.0, 0.5)
    assert (frames.notes, envelope.failed) == ((), {})
    shown = {"frames": 4, "seconds": 2.0, "size": "96x64"}
    assert envelope.summary == {"frames": shown, "motion": shown}


def test_the_small_pictures_are_grey_upright_and_come_from_the_same_decoding(tmp_path: Path) -> None:
    video = Video.from_address(str(film(tmp_path / "a.mp4", size=(400, 200))))
    config = {"motion_side": 160, "cut": 1}
    values, envelope = run_stage(extract_frames.definition, config, {"video": video}, tmp_path)
    frames, motion = values["frames"], values["motion"]
    assert frames.index.t.tolist() == [0.0, 0.96, 1.92]
    assert motion.index.t.tolist() == [round(0.16 * n, 6) for n in range(13)]
    assert (frames.period_s, motion.period_s) == (1.0, 0.16)
    assert motion[3].luma().shape == (80, 160)
    assert abs(number(motion[3].luma()) - 12) <= 1
    assert frames[0].image().shape == (200, 400, 3)
    assert motion.info == frames.info
    assert set(envelope.writes) == {"frames", "motion"}


def test_what_is_to_be_told_is_told_once(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 200, (128, 96), paint=noise, options={"movflags": "+faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    video = Video.from_address(str(path))
    values, _ = run_stage(extract_frames.definition, TWICE_A_SECOND, {"video": video}, tmp_path)
    assert (len(values["frames"].notes), values["motion"].notes) == (2, ())


def test_the_same_film_gives_the_same_bytes(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4")
    assert extract(path, tmp_path / "1")[1].writes == extract(path, tmp_path / "2")[1].writes


def test_variable_frame_rate_goes_by_time(tmp_path: Path) -> None:
    frames, _ = extract(film(tmp_path / "a.mp4", times=[0, 0.04, 0.08, 2.2, 2.24, 2.6]), tmp_path)
    assert [frame.stands_for for frame in frames] == [(0.0,), (0.08, 1.0, 1.5, 2.0), (2.24,)]
    assert [number(frame.image()) for frame in frames] == [0, 2, 4]


def test_odd_sizes_and_a_single_picture(tmp_path: Path) -> None:
    frames, _ = extract(film(tmp_path / "a.mp4", frames=1, size=(97, 63)), tmp_path)
    assert len(frames) == 1
    assert frames[0].image().shape == (63, 97, 3)


def test_larger_pictures_are_scaled_down(tmp_path: Path) -> None:
    frames, _ = extract(film(tmp_path / "a.mp4", size=(200, 100)), tmp_path, max_side=50)
    assert frames[0].image().shape == (25, 50, 3)
    assert (frames.info.width, frames.info.height) == (200, 100)


def test_pictures_are_put_upright(tmp_path: Path) -> None:
    frames, _ = extract(turned(film(tmp_path / "a.mp4")), tmp_path)
    image = frames[0].image()
    assert (frames.info.width, frames.info.height) == (64, 96)
    assert image.shape == (96, 64, 3)
    assert image[70, 50, 0] > 200  # the lit corner was at top right
    assert image[70, 10, 0] < 60


def test_a_film_cut_short_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 200, (128, 96), paint=noise, options={"movflags": "+faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames, _ = extract(path, tmp_path)
    assert 3 < frames.info.decoded_s < 5
    assert len(frames) == round(2 * frames.info.decoded_s)
    assert frames.notes[0] == (
        f"Decoding ended at {frames.info.decoded_s:.2f} s of the 8.00 s that the file declares (the data ends there); "
        "what comes later is not in this report."
    )
    assert frames.notes[1].startswith("1 packet(s) of the video are damaged"), "the one that was cut through"


def test_damaged_packets_are_counted_and_passed_over(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 100, (128, 96), paint=noise, options={"movflags": "+faststart"})
    data = bytearray(path.read_bytes())
    start = len(data) // 2
    data[start : start + 40_000] = bytes(40_000)
    path.write_bytes(data)
    frames, envelope = extract(path, tmp_path)
    assert frames.info.decoded_s == 4.0
    assert envelope.failed["count"] >= 1
    assert envelope.failed["items"][0]["kind"] == "DamagedPacket"
    assert f"{envelope.failed['count']} packet(s) of the video are damaged" in frames.notes[0]


def refused(path: Path, tmp_path: Path) -> str:
    with pytest.raises(InputError) as caught:
        extract(path, tmp_path)
    assert caught.value.context["uri"] == str(path)
    return str(caught.value)


def test_text_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("hello\n" * 100)
    assert f"{path} (600 bytes) is no video that can be read: Invalid data found" in refused(path, tmp_path)


def test_a_film_without_its_index_is_refused(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:-200])
    assert "A file cut off while it was written or copied often looks like this" in refused(path, tmp_path)


def test_a_playlist_opens_nothing_else(tmp_path: Path) -> None:
    other = film(tmp_path / "other.mp4")
    path = tmp_path / "a.mp4"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{other.as_uri()}\n#EXT-X-ENDLIST\n")
    assert "is no video that can be read" in refused(path, tmp_path)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    assert "has no moving pictures: it holds audio (mov" in refused(sound(tmp_path / "a.m4a"), tmp_path)


def test_a_film_of_which_nothing_decodes_is_refused(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", options={"movflags": "+faststart"})
    data = bytearray(path.read_bytes())
    begin = data.index(b"mdat") + 4
    data[begin:] = bytes(len(data) - begin)
    path.write_bytes(data)
    assert "not one picture can be decoded (h264" in refused(path, tmp_path)


def test_pictures_too_large_are_refused_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MAX_SIDE", 90)
    assert "has pictures of 96x64 pixels; at most 90 a side" in refused(film(tmp_path / "a.mp4"), tmp_path)


@pytest.mark.parametrize("good_reads", [0, 3])
def test_a_file_that_fails_while_it_is_read_is_not_taken_for_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good_reads: int
) -> None:
    class FailingFile(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1) -> bytes:
            self.reads += 1
            if self.reads > good_reads:
                raise StoreUnreachable("the store is away")
            return super().read(size)

    path = film(tmp_path / "a.mp4", 200, (128, 96), paint=noise, options={"movflags": "+faststart"})
    data = path.read_bytes()
    monkeypatch.setattr(Video, "open", lambda video: FailingFile(data))
    with pytest.raises(StoreUnreachable, match="'extract_frames': the store is away"):
        extract(path, tmp_path)


def test_it_tells_how_far_it_is(tmp_path: Path) -> None:
    class Listener(Silence):
        def __init__(self) -> None:
            self.told: list[tuple[float, float]] = []

        def progress(self, current: float, total: float, category: str | None) -> None:
            self.told.append((current, total))

    listener = Listener()
    video = Video.from_address(str(film(tmp_path / "a.mp4", paint=counting())))
    run_stage(extract_frames.definition, TWICE_A_SECOND, {"video": video}, tmp_path, ctx=make_context(listener))
    assert listener.told == [(0.0, 2.0), (0.48, 2.0), (1.0, 2.0), (1.48, 2.0)]
