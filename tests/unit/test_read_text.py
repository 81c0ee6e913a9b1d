"""read_text: the best views of each track are read, more where they do not agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.core.context import RuntimeContext
from stages.core.envelope import Envelope
from stages.core.errors import TooManyFailedItems
from stages.core.spread import ThreadSpread
from stages.datatypes import FrameWriter, MediaInfo, Readings, TrackPoint, Tracks
from stages.text import read_text
from stages.text.recogniser import Line
from tests.unit.harness import make_blobs, make_context, run_stage
from tests.unit.lettering import blank, jpeg, lettered, place_of
from tests.unit.luma import rectangle


def read(
    pictures: list[bytes],
    points: list[TrackPoint],
    tmp_path: Path,
    ctx: RuntimeContext | None = None,
    **config: Any,
) -> tuple[Readings, Envelope]:
    """One picture a second of a source that is twice as large."""
    blobs = make_blobs(tmp_path)
    writer = FrameWriter(blobs)
    for n, picture in enumerate(pictures):
        writer.add(picture, float(n))
    frames = writer.finish(MediaInfo(9, 9, 640, 360, 25), 1)
    reads = {"frames": frames, "tracks": Tracks.of(points)}
    values, envelope = run_stage(read_text.definition, config, reads, tmp_path, blobs, ctx)
    return values["readings"], envelope


def point(track: int, t: float, visible: float = 1.0, quad: NDArray[np.float32] | None = None) -> TrackPoint:
    return TrackPoint(track, t, visible, True, rectangle(20, 20, 160, 40) if quad is None else quad)


class Told:
    """Stands for the recogniser: tells, view by view, what it is told to tell."""

    lines: ClassVar[list[tuple[str, float]]] = []
    asked: ClassVar[list[NDArray[np.float32]]] = []

    def read(self, image: NDArray[np.uint8], quad: NDArray[np.float32]) -> Line:
        Told.asked.append(quad)
        return Line(*Told.lines[(len(Told.asked) - 1) % len(Told.lines)], "")


def told(monkeypatch: pytest.MonkeyPatch, *lines: tuple[str, float]) -> list[NDArray[np.float32]]:
    """From now on these are read, one after the other; gives the places that were asked for, as they come."""
    import sys

    monkeypatch.setattr(sys.modules["stages.text.read_text"], "TextRecogniser", Told)
    monkeypatch.setattr(Told, "lines", list(lines))
    monkeypatch.setattr(Told, "asked", asked := [])
    return asked


def many(count: int, track: int = 0) -> tuple[list[bytes], list[TrackPoint]]:
    return [jpeg(blank()) for _ in range(count)], [point(track, float(n)) for n in range(count)]


def test_it_reads_what_is_there(tmp_path: Path) -> None:
    points = [point(0, n, quad=2 * place_of("NORDVIK")) for n in (0.0, 2.0)]
    points += [point(3, 1.0, quad=2 * place_of("VOLTRA"))]
    pictures = [jpeg(lettered(text)) for text in ("NORDVIK", "VOLTRA", "NORDVIK")]
    spread = ThreadSpread(2)
    readings, envelope = read(pictures, points, tmp_path, make_context(spread=spread))
    spread.close()
    assert [(r.track, r.t, r.text) for r in readings] == [(0, 0.0, "NORDVIK"), (0, 2.0, "NORDVIK"), (3, 1.0, "VOLTRA")]
    assert all(r.score > 0.8 and r.letters.startswith("[[") for r in readings)
    assert np.array_equal(readings[2].quad, 2 * place_of("VOLTRA"))
    assert read(pictures, points, tmp_path / "serial")[1].writes == envelope.writes


def test_views_that_agree_and_are_sure_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = told(monkeypatch, ("Nordvik!", 0.95), ("NORDVIK", 0.99))
    readings, _ = read(*many(9), tmp_path)
    assert (len(readings), len(asked)) == (2, 2)
    assert np.array_equal(asked[0], rectangle(10, 10, 80, 20)), "in pixels of the picture"


@pytest.mark.parametrize("lines", [[("NORDVIK", 0.99), ("NORDVEK", 0.99)], [("NORDVIK", 0.89)], [("", 0.0)]])
def test_more_are_read_where_they_do_not_agree_or_are_not_sure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[tuple[str, float]]
) -> None:
    told(monkeypatch, *lines)
    readings, _ = read(*many(9), tmp_path, views=2, more_views=3)
    assert len(readings) == 5
    assert len(set(readings.t.tolist())) == 5


def test_no_view_is_read_twice_and_there_may_be_fewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, ("NORDVIK", 0.5))
    assert len(read(*many(3), tmp_path)[0]) == 3
    assert len(read(*many(3), tmp_path / "b", more_views=0)[0]) == 2


def test_of_no_tracks_nothing_is_read(tmp_path: Path) -> None:
    readings, _ = read([jpeg(blank())], [], tmp_path)
    assert (len(readings), readings.notes) == (0, ())
    assert len(read([jpeg(blank())], [point(0, 0.0, visible=0.1)], tmp_path / "b")[0]) == 0


def test_a_picture_that_cannot_be_read_is_a_failed_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, ("NORDVIK", 0.99))
    pictures, points = many(2)
    readings, envelope = read([pictures[0], b"no picture"], points, tmp_path)
    assert readings.t.tolist() == [0.0]
    assert readings.notes == ("1 picture(s) could not be read.",)
    assert envelope.failed["count"] == 1
    assert "no JPEG that can be decoded" in envelope.failed["items"][0]["message"]


def test_too_many_fail_the_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, ("NORDVIK", 0.99))
    pictures, points = many(3)
    with pytest.raises(TooManyFailedItems, match=r"'read_text'.* more than the limit of 1"):
        read([pictures[0], b"", b""], points, tmp_path, views=3)
