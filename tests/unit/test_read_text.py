"""read_text: real reading of rendered pictures, in pixels of the source."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.plates import STYLES, text_plate
from stages.core.context import RuntimeContext
from stages.core.envelope import Envelope
from stages.core.errors import TooManyFailedItems
from stages.core.spread import ThreadSpread
from stages.datatypes import FrameWriter, MediaInfo, TextRegions
from stages.text import read_text
from tests.unit.harness import make_blobs, make_context, run_stage


def lettered(text: str) -> bytes:
    picture = np.full((180, 320, 3), 90, np.uint8)
    plate = text_plate(text, 22, STYLES[0]).image
    picture[60 : 60 + plate.shape[0], 40 : 40 + plate.shape[1]] = plate
    return bytes(cv2.imencode(".jpg", picture)[1])


def read(pictures: list[bytes], tmp_path: Path, ctx: RuntimeContext | None = None) -> tuple[TextRegions, Envelope]:
    blobs = make_blobs(tmp_path)
    writer = FrameWriter(blobs)
    for n, picture in enumerate(pictures):
        writer.add(picture, n / 2)
    frames = writer.finish(MediaInfo(9, 9, 640, 360, 25), 0.5)  # the source was twice as large as what was kept
    values, envelope = run_stage(read_text.definition, {"longest_side": 320}, {"frames": frames}, tmp_path, blobs, ctx)
    return values["text"], envelope


def test_it_reads_and_says_where_in_the_source(tmp_path: Path) -> None:
    blank = bytes(cv2.imencode(".jpg", np.full((180, 320, 3), 90, np.uint8))[1])
    spread = ThreadSpread(2)
    text, _ = read([lettered("NORDVIK"), blank, lettered("VOLTRA")], tmp_path, make_context(spread=spread))
    spread.close()
    assert [(region.t, region.text) for region in text] == [(0.0, "NORDVIK"), (1.0, "VOLTRA")]
    assert text[0].score > 0.8
    left, top = text[0].quad.min(0)
    right, bottom = text[0].quad.max(0)
    plate = text_plate("NORDVIK", 22, STYLES[0])
    x0, y0, x1, y1 = (2 * (at + start) for at, start in zip(plate.letters, (40, 60, 40, 60), strict=True))
    assert abs((left + right) - (x0 + x1)) < 16
    assert abs((top + bottom) - (y0 + y1)) < 16
    assert text[0].quad[0].tolist() == [left, top]


def test_one_bad_picture_is_a_failed_item(tmp_path: Path) -> None:
    text, envelope = read([lettered("NORDVIK"), b"no picture"], tmp_path)
    assert list(text.texts) == ["NORDVIK"]
    assert text.notes == ("1 of 2 pictures could not be read.",)
    assert envelope.failed["count"] == 1
    assert envelope.failed["items"][0]["index"] == 1
    assert "no JPEG that can be decoded" in envelope.failed["items"][0]["message"]


def test_too_many_bad_pictures_fail_the_stage(tmp_path: Path) -> None:
    with pytest.raises(TooManyFailedItems, match=r"'read_text'.* more than the limit of 1"):
        read([lettered("NORDVIK"), b"", b""], tmp_path)
