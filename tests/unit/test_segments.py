"""A video in segments: pictures, times and cuts are those of one pass, and what is odd goes in one pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.core.envelope import Envelope
from stages.datatypes import Frames
from stages.video import segments
from tests.unit.films import Picture, film, turned
from tests.unit.scene_films import COUNT, FPS, OPEN, SEGMENT_S, SIZE, X264, extract, scenes


def now_and_then(n: int) -> Picture:
    """Footage that flickers for five seconds, and is calm for three."""
    return scenes(n, 2 if n % 96 < 60 else 10**6)


def uneven(n: int) -> list[float]:
    """Times of pictures that stand for very different lengths."""
    gaps = np.random.default_rng(n).choice([0.02, 0.04, 0.05, 0.3, 1.5], 220, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    return [round(t, 3) for t in np.cumsum(gaps).tolist()]


Both = tuple[list[list[Any]], int, dict[str, Any]]


def taken(values: dict[str, Any], envelope: Envelope) -> Both:
    """All that was found out, picture by picture; in how many parts (each ends a shard); and what failed."""
    told = []
    for frames in (values["frames"], values["motion"]):
        assert isinstance(frames, Frames)
        pictures = [(frame.t, frame.stands_for, frame.cut, frame.jpeg()) for frame in frames]
        told.append([frames.info, frames.period_s, frames.notes, *pictures])
    return told, len(values["motion"].shards), envelope.failed


def both(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **config: Any) -> tuple[Both, Both]:
    """The film in one pass, and in segments if it is fit for that."""
    one = taken(*extract(path, tmp_path, **config))
    monkeypatch.setattr(segments, "SEGMENT_S", SEGMENT_S)
    return one, taken(*extract(path, tmp_path, **config))


def check_same(one: Both, other: Both, divided: bool) -> None:
    assert one[1] == 1
    assert other[1] >= 3 if divided else other[1] == 1
    assert [len(series) for series in one[0]] == [len(series) for series in other[0]]
    assert one[0] == other[0]
    assert one[2] == other[2]


@dataclass(frozen=True)
class Kind:
    """A film made by `film` with these arguments, and the settings."""

    name: str
    args: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)


SLIDES = [0, 0.1, 9, 9.1, 16, 16.1, 17, 18, 19, 22]


MPEG2 = {
    "codec": "mpeg2video",
    "coding": {"g": "15", "bf": "2"},
    "fps": 25,
    "ticks": 25,
    "frames": 600,
    "paint": lambda n: scenes(n, 70),
}

IN_ORDER = [
    Kind("b_pictures.mp4", {"coding": X264}),
    Kind("b_pictures.mkv", {"coding": X264}),
    Kind("b_pictures.ts", {"coding": X264}),
    Kind("long_groups.mp4", {"coding": {"g": "60", "bf": "3", "sc_threshold": "0"}}),
    Kind("longer_than_segments.mp4", {"coding": {"g": "120", "sc_threshold": "0"}}),
    Kind("nothing_but_keyframes.mp4", {"coding": {"g": "1"}}),
    Kind("open_groups.mp4", {"coding": OPEN}),
    Kind("open_groups.ts", {"coding": OPEN}),
    Kind("broadcast.ts", MPEG2),
    Kind("hevc.mp4", {"codec": "libx265", "coding": {"x265-params": "log-level=none:keyint=40:open-gop=1"}}),
    Kind("vp9.webm", {"codec": "libvpx-vp9", "coding": {"deadline": "realtime", "cpu-used": "8", "g": "24"}}),
    Kind("fragments.mp4", {"coding": X264, "options": {"movflags": "frag_keyframe+empty_moov"}}),
    Kind("uneven.mp4", {"coding": X264, "times": uneven(0)}),
    Kind("uneven.mkv", {"coding": X264, "times": uneven(1)}),
    Kind("late.mp4", {"coding": X264, "times": [3.3 + n / FPS for n in range(COUNT)]}),
    Kind("slides.mp4", {"coding": {"g": "1"}, "times": SLIDES, "paint": lambda n: scenes(n, 1)}),
    Kind("flickers.mp4", {"coding": X264, "paint": now_and_then}),
    Kind("looked_at_seldom.mp4", {"coding": X264, "paint": now_and_then}, {"fps": 0.1}),
    Kind("looked_at_often.mp4", {"coding": X264}, {"fps": 7, "motion_fps": 3, "max_side": 64}),
]


@pytest.mark.parametrize("kind", IN_ORDER, ids=lambda kind: kind.name)
def test_segments_give_what_one_pass_gives(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    args = {"frames": COUNT, "size": SIZE, "fps": FPS, "paint": scenes} | kind.args
    path = film(tmp_path / kind.name, **args)
    one, other = both(path, tmp_path, monkeypatch, **kind.config)
    check_same(one, other, divided=True)
    assert any(cut for _, _, cut, _ in one[0][1][3:])


def test_upright_in_segments_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = turned(film(tmp_path / "a.mp4", COUNT, SIZE, FPS, scenes, coding=X264), SIZE)
    one, other = both(path, tmp_path, monkeypatch)
    check_same(one, other, divided=True)
    assert (one[0][0][0].width, one[0][0][0].height) == (96, 160)


ODD = [
    Kind("no_further_keyframe.mp4", {"coding": {"g": "9999", "sc_threshold": "0"}}),
    Kind("without_times.avi", {"coding": X264, "ticks": FPS}),
    Kind("of_no_known_length.mkv", {"coding": X264, "options": {"live": "1"}}),
    Kind("no_container.h264", {"coding": X264}),
    Kind("never_calm.mp4", {"coding": X264, "paint": lambda n: scenes(n, 4)}),
]


@pytest.mark.parametrize("kind", ODD, ids=lambda kind: kind.name)
def test_what_cannot_be_divided_goes_in_one_pass(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = film(tmp_path / kind.name, **{"frames": COUNT, "size": SIZE, "fps": FPS, "paint": scenes} | kind.args)
    check_same(*both(path, tmp_path, monkeypatch), divided=False)


def damaged(path: Path, share: float, count: int = 2000) -> Path:
    data = bytearray(path.read_bytes())
    begin = int(share * len(data))
    data[begin : begin + count] = bytes(count)
    path.write_bytes(data)
    return path


def with_a_gap(path: Path) -> Path:
    data = path.read_bytes()
    middle = len(data) // 188 // 2 * 188
    path.write_bytes(data[:middle] + data[middle + 188 * 20 :])
    return path


def cut_short(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    return path


def twice(path: Path) -> Path:
    path.write_bytes(2 * path.read_bytes())
    return path


@pytest.mark.parametrize(
    ("spoil", "name", "note"),
    [
        (lambda path: damaged(path, 0.3), "a.mp4", "damaged"),
        (lambda path: damaged(path, 0.6), "a.mp4", "damaged"),
        (lambda path: damaged(path, 0.99, 100), "a.mp4", ""),
        (with_a_gap, "a.ts", "damaged"),
        (cut_short, "a.mp4", "Decoding ended at"),
        (cut_short, "a.mkv", "Decoding ended at"),
        (twice, "a.ts", "begins anew 1 time(s)"),
    ],
)
def test_what_is_damaged_goes_in_one_pass_and_is_told(
    spoil: Callable[[Path], Path], name: str, note: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"movflags": "+faststart"} if name == "a.mp4" else {}
    path = spoil(film(tmp_path / name, COUNT, SIZE, FPS, scenes, coding=X264, options=options))
    one, other = both(path, tmp_path, monkeypatch)
    check_same(one, other, divided=False)
    assert note in " ".join(one[0][0][2])
