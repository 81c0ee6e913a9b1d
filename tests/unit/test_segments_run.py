"""Segments as they run: planned by the video alone, elsewhere if need be, and what fails there."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from stages.core.blobs import BlobStore, using
from stages.core.context import Silence
from stages.core.errors import StoreUnreachable, TooManyFailedItems
from stages.core.scratch import ScratchStore
from stages.core.spread import SerialSpread, Setup, ThreadSpread, attempt
from stages.datatypes import Video
from stages.video import extract_frames, segments
from stages.video.extract_frames import ExtractFramesConfig
from stages.video.media import open_media
from stages.video.packets import Packets
from tests.unit.films import film
from tests.unit.harness import make_blobs, make_context, run_stage
from tests.unit.scene_films import COUNT, FPS, SEGMENT_S, SIZE, X264, extract, scenes


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
