"""find_text: places of text in pixels of the source, and pictures that cannot be searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.core.context import RuntimeContext
from stages.core.envelope import Envelope
from stages.core.errors import TooManyFailedItems
from stages.core.spread import ThreadSpread
from stages.datatypes import Boxes, FrameWriter, MediaInfo
from stages.text import find_text
from stages.text.find_text import side_for
from tests.unit.harness import make_blobs, make_context, run_stage
from tests.unit.lettering import blank, jpeg, lettered, place_of


def find(pictures: list[bytes], tmp_path: Path, ctx: RuntimeContext | None = None) -> tuple[Boxes, Envelope]:
    blobs = make_blobs(tmp_path)
    writer = FrameWriter(blobs)
    for n, picture in enumerate(pictures):
        writer.add(picture, float(n))
    frames = writer.finish(MediaInfo(9, 9, 640, 360, 25), 1)  # the source was twice as large as what was kept
    values, envelope = run_stage(find_text.definition, {"longest_side": 320}, {"frames": frames}, tmp_path, blobs, ctx)
    return values["regions"], envelope


def test_it_says_where_in_the_source_and_does_not_depend_on_workers(tmp_path: Path) -> None:
    pictures = [jpeg(lettered("NORDVIK")), jpeg(blank()), jpeg(lettered("VOLTRA", at=(100, 20)))]
    spread = ThreadSpread(2)
    boxes, envelope = find(pictures, tmp_path, make_context(spread=spread))
    spread.close()
    assert [(box.t, box.label) for box in boxes] == [(0.0, "text"), (2.0, "text")]
    for box, wanted in zip(boxes, (place_of("NORDVIK"), place_of("VOLTRA", at=(100, 20))), strict=True):
        assert abs(box.quad.mean(0) - 2 * wanted.mean(0)).max() < 18
        assert 0.5 <= box.score <= 1
    assert find(pictures, tmp_path / "serial")[1].writes == envelope.writes


def test_one_bad_picture_is_a_failed_item(tmp_path: Path) -> None:
    boxes, envelope = find([jpeg(lettered("NORDVIK")), b"no picture"], tmp_path)
    assert boxes.t.tolist() == [0.0]
    assert boxes.notes == ("1 of 2 pictures could not be searched for text.",)
    assert envelope.failed["count"] == 1
    assert envelope.failed["items"][0]["index"] == 1
    assert "no JPEG that can be decoded" in envelope.failed["items"][0]["message"]


def test_too_many_bad_pictures_fail_the_stage(tmp_path: Path) -> None:
    with pytest.raises(TooManyFailedItems, match=r"'find_text'.* more than the limit of 1"):
        find([jpeg(lettered("NORDVIK")), b"", b""], tmp_path)


def test_a_film_of_one_picture_must_be_searched(tmp_path: Path) -> None:
    with pytest.raises(TooManyFailedItems):
        find([b""], tmp_path)


@pytest.mark.parametrize(
    ("size", "side"),
    [((1280, 720), 736), ((1920, 1080), 1104), ((640, 360), 736), ((720, 1280), 736), ((7680, 4320), 1104)],
)
def test_text_is_sought_at_a_share_of_the_videos_size(size: tuple[int, int], side: int) -> None:
    assert side_for(MediaInfo(9, 9, *size, 25)) == side
