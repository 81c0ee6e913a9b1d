"""A video in segments: pictures, times and cuts are those of one pass, and what is odd goes in one pass."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest

from stages.core.blobs import BlobStore, using
from stages.core.context import Silence
from stages.core.envelope import Envelope
from stages.core.errors import StoreUnreachable, TooManyFailedItems
from stages.core.scratch import ScratchStore
from stages.core.spread import SerialSpread, Setup, Spread, ThreadSpread, attempt
from stages.datatypes import Frames, Video
from stages.video import extract_frames, segments
from stages.video.extract_frames import ExtractFramesConfig
from stages.video.media import open_media
from stages.video.packets import Packets
from tests.unit.films import Picture, film, turned
from tests.unit.harness import make_blobs, make_context, run_stage

SIZE, FPS, COUNT = (160, 96), 12, 288
SEGMENT_S = 6.0
"""Of 24 seconds; the tests need not be longer than that."""

SCENES = [
    np.kron(np.random.default_rng(n).integers(0, 64, (12, 20, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    + np.uint8(53 * n % 190)
    for n in range(12)
]


def scenes(n: int, length: int = 31) -> Picture:
    """A movement in each scene, and a cut after so many pictures."""
    return np.roll(SCENES[n // length % len(SCENES)], n % length, axis=1)


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


def extract(path: Path, tmp_path: Path, spread: Spread | None = None, **config: Any) -> tuple[Any, Envelope]:
    video = Video.from_address(str(path))
    ctx = make_context(spread=spread)
    return run_stage(extract_frames.definition, config, {"video": video}, tmp_path, ctx=ctx)


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
X264, OPEN = {"g": "24", "bf": "2"}, {"g": "20", "bf": "3", "x264-params": "open_gop=1:scenecut=0:b-pyramid=2"}
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


def test_a_short_video_is_not_divided(tmp_path: Path) -> None:
    video = Video.from_address(str(film(tmp_path / "a.mp4", COUNT, SIZE, FPS, scenes)))
    assert segments.plan(video) == []


def test_a_file_that_declares_years_is_not_divided_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_S", 0.001)
    video = Video.from_address(str(film(tmp_path / "a.mp4", 50)))
    assert len(segments.plan(video)) == segments.MOST_SEGMENTS
    assert len(extract(tmp_path / "a.mp4", tmp_path)[0]["motion"].shards) == 1


def test_the_places_depend_on_the_video_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_S", 7.0)
    path = film(tmp_path / "a.mp4", COUNT, SIZE, FPS, scenes, coding=X264)
    planned = segments.plan(Video.from_address(str(path)))
    cuts = [pytest.approx(8, abs=0.01), pytest.approx(16, abs=0.01)]
    assert [(one.begin_s, one.end_s) for one in planned] == [(None, cuts[0]), tuple(cuts), (cuts[1], None)]
    threads = ThreadSpread(3)
    written = [extract(path, tmp_path, spread)[1].writes for spread in (SerialSpread(), threads, Elsewhere(tmp_path))]
    threads.close()
    assert written[0] == written[1] == written[2]


class Elsewhere:
    """Runs items as another process would: all goes there and back pickled, and only its own blob store is there."""

    def __init__(self, tmp_path: Path) -> None:
        self.blobs = BlobStore(ScratchStore(), make_blobs(tmp_path / "elsewhere").cache)
        self.longest = 0

    def map(
        self, fn: Callable[..., Any], items: Iterable[Any], *, setup: Setup = None, in_flight: int | None = None
    ) -> Iterator[Any]:
        for index, item in enumerate(items):
            answer = Context().run(self._run, cloudpickle.dumps((fn, index, item)))
            self.longest = max(self.longest, len(answer))
            yield pickle.loads(answer)

    def _run(self, order: bytes) -> bytes:
        with using(self.blobs):
            fn, index, item = pickle.loads(order)
            return bytes(pickle.dumps(attempt(fn, (), index, item)))


def test_segments_go_to_another_process_and_come_back_without_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SEGMENT_S", SEGMENT_S)
    elsewhere = Elsewhere(tmp_path)
    path = film(tmp_path / "a.mp4", COUNT, SIZE, FPS, scenes, coding=X264)
    _, envelope = extract(path, tmp_path, elsewhere)
    store = elsewhere.blobs.store
    assert isinstance(store, ScratchStore)
    assert len(store.objects) == len(envelope.blobs) == 8
    assert elsewhere.longest < 8000


def test_a_keyframe_is_the_same_whoever_comes_by(tmp_path: Path) -> None:
    path = film(tmp_path / "a.ts", COUNT, SIZE, FPS, scenes, coding=X264)
    video = Video.from_address(str(path))
    with open_media(video) as media:
        passing = Packets(media, end_s=13)
        assert len(list(passing)) > COUNT
    with open_media(video) as media:
        sought = Packets(media, begin_s=13)
        next(iter(sought))
    assert sought.begin == passing.end
    assert passing.end is not None
    assert 13 <= passing.end.t < 15.1


def test_a_store_that_fails_while_a_segment_is_written_is_not_taken_for_an_odd_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SEGMENT_S", SEGMENT_S)
    path = film(tmp_path / "a.mp4", COUNT, SIZE, FPS, scenes, coding=X264)

    def put(store: BlobStore, data: bytes, media_type: str = "") -> None:
        raise StoreUnreachable("the store is away")

    monkeypatch.setattr(BlobStore, "put", put)
    video = Video.from_address(str(path))
    with using(make_blobs(tmp_path)), pytest.raises(StoreUnreachable, match="the store is away"):
        extract_frames(video, ExtractFramesConfig(), make_context())


def test_a_fault_of_the_code_ends_the_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_S", SEGMENT_S)
    path = film(tmp_path / "a.mp4", COUNT, SIZE, FPS, scenes, coding=X264)
    monkeypatch.setattr(segments.PairWriter, "add", lambda *_: 1 / 0)
    with pytest.raises(TooManyFailedItems, match="division by zero"):
        extract(path, tmp_path)


def test_it_tells_how_many_segments_are_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Listener(Silence):
        def __init__(self) -> None:
            self.told: list[tuple[float, float]] = []

        def progress(self, current: float, total: float, category: str | None) -> None:
            self.told.append((current, total))

    monkeypatch.setattr(segments, "SEGMENT_S", SEGMENT_S)
    path = film(tmp_path / "a.mp4", COUNT, SIZE, FPS, scenes, coding=X264)
    reads = {"video": Video.from_address(str(path))}
    listener = Listener()
    run_stage(extract_frames.definition, {}, reads, tmp_path, ctx=make_context(listener))
    assert listener.told == [(1, 4), (2, 4), (3, 4), (4, 4)]
