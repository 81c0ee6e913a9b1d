"""compile_index: the contract of index.json, a page that is safe and needs no network, sheets, a table."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from stages.datatypes import Frames, FrameWriter, MediaInfo, Report, Scene, SceneObject, Scenes
from stages.scenes import compile_index
from stages.scenes.page_data import page_data
from tests.unit.harness import make_blobs, run_stage
from tests.unit.shown_page import Page

EVIL = "<script>alert('x')</script>"
JOB: dict[str, Any] = {
    "job_id": "job-1",
    "profile": "scene-index",
    "inputs": {"video": "/films/<b>match & more</b>.mp4"},
    "stages": {"extract_frames": {"status": "ran", "seconds": 1.25}},
    "settings": {"extract_frames": {"fps": 2.0}},
    "versions": {"extract_frames": "1+abc"},
}


def make_frames(blobs: Any, count: int, bad: int, size: tuple[int, int]) -> Frames:
    writer = FrameWriter(blobs)
    width, height = size
    for n in range(count):
        picture = np.full((height, width, 3), 20 * n % 256, np.uint8)
        writer.add(b"no picture" if n == bad else bytes(cv2.imencode(".jpg", picture)[1]), float(n))
    return writer.finish(MediaInfo(count, count, width, height, 25.0), 1, ["Decoding ended early & so on."])


def published(
    tmp_path: Path,
    scenes: int = 3,
    label: str = "person",
    bad: int = -1,
    size: tuple[int, int] = (640, 360),
    **config: Any,
) -> dict[str, bytes]:
    """The files of a video with a scene a second; the first shows three of the label and a dog."""
    blobs = make_blobs(tmp_path)
    first = (SceneObject(label, 3, 1.5), SceneObject("dog", 1, 0.2))
    rows = [Scene(f"s{n + 1:04d}", n, n + 1, n, 1, () if n else first) for n in range(scenes)]
    reads = {"frames": make_frames(blobs, scenes, bad, size), "scenes": Scenes(tuple(rows), ("One picture failed.",))}
    values, _ = run_stage(compile_index.definition, config, reads, tmp_path, blobs)
    assert isinstance(values["index"], Report)
    return dict(values["index"].publish(JOB, blobs))


def picture(data: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def test_the_json_keeps_its_contract(tmp_path: Path) -> None:
    content = json.loads(published(tmp_path)["index.json"])
    assert list(content) == ["format", "job_id", "profile", "video", "labels", "scenes", "notes", "cost"]
    assert (content["format"], content["job_id"], content["profile"]) == (1, "job-1", "scene-index")
    assert content["video"]["uri"] == "/films/<b>match & more</b>.mp4"
    assert content["labels"] == [
        {"label": "dog", "scenes": 1, "seconds": 1, "most": 1, "first_s": 0},
        {"label": "person", "scenes": 1, "seconds": 1, "most": 3, "first_s": 0},
    ]
    assert content["scenes"][0] == {
        "id": "s0001",
        "start_s": 0,
        "end_s": 1,
        "seconds": 1,
        "picture_t": 0,
        "pictures": 1,
        "objects": [{"label": "person", "most": 3, "mean": 1.5}, {"label": "dog", "most": 1, "mean": 0.2}],
        "image": {"file": "contact-sheet-01.jpg", "x": 32, "y": 32, "width": 320, "height": 180},
    }
    assert content["notes"] == ["Decoding ended early & so on.", "One picture failed."]
    assert content["cost"]["stages"]["extract_frames"]["status"] == "ran"


def test_the_places_on_the_sheets_show_the_scenes(tmp_path: Path) -> None:
    files = published(tmp_path, scenes=33)
    assert [name for name in files if name.endswith(".jpg")] == ["contact-sheet-01.jpg", "contact-sheet-02.jpg"]
    sheets = {name: picture(data) for name, data in files.items() if name.endswith(".jpg")}
    assert sheets["contact-sheet-02.jpg"].shape[0] < sheets["contact-sheet-01.jpg"].shape[0]
    for n, scene in enumerate(json.loads(files["index.json"])["scenes"]):
        at = scene["image"]
        part = sheets[at["file"]][at["y"] : at["y"] + at["height"], at["x"] : at["x"] + at["width"]]
        assert part.shape == (180, 320, 3)
        assert np.abs(part.astype(int) - 20 * n % 256).mean() < 2


def test_an_upright_picture_keeps_its_shape(tmp_path: Path) -> None:
    image = json.loads(published(tmp_path, size=(360, 640))["index.json"])["scenes"][0]["image"]
    assert (image["width"], image["height"]) == (101, 180)


def test_the_page_escapes_every_text(tmp_path: Path) -> None:
    raw = published(tmp_path, label=EVIL)["index.html"].decode()
    page = Page(raw)
    assert "script" not in page.tags
    assert "/films/<b>match & more</b>.mp4" in page.text
    assert page.text.count(EVIL) >= 2
    assert "<!--stamp:" not in raw


def test_the_page_needs_no_network(tmp_path: Path) -> None:
    raw = published(tmp_path)["index.html"].decode()
    assert re.findall(r"(?:https?:)?//[a-z]", re.sub(r"data:image/jpeg;base64,[^\"]*", "", raw)) == []
    assert all(load.startswith(("#s0", "data:image/jpeg;base64,")) for load in Page(raw).loads)
    assert "default-src 'none'" in raw


def test_the_page_says_what_one_asks(tmp_path: Path) -> None:
    text = Page(published(tmp_path)["index.html"].decode()).words
    for said in ("job-1", "scene-index", "Decoding ended early & so on.", "0:00.0 – 0:01.0", "3 person dog", "fps 2.0"):
        assert said in text


def test_pictures_are_bounded_and_the_page_says_so(tmp_path: Path) -> None:
    files = published(tmp_path, scenes=7, pictures=3)
    images = [scene["image"] for scene in json.loads(files["index.json"])["scenes"]]
    assert images.count(None) == 4
    assert "4 of 7 scenes are shown without a picture" in files["index.html"].decode()
    assert [name for name in published(tmp_path / "none", pictures=0) if name.endswith(".jpg")] == []


def test_a_picture_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    images = [scene["image"] for scene in json.loads(published(tmp_path, bad=1)["index.json"])["scenes"]]
    assert [image is None for image in images] == [False, True, False]


def test_thousands_of_scenes_fit_a_page(tmp_path: Path) -> None:
    files = published(tmp_path, scenes=1300, pictures=40, size=(64, 36))
    assert len(files["index.html"]) < 2_000_000
    assert "300 further scenes stand in scenes.csv" in files["index.html"].decode()
    assert len(files["scenes.csv"].splitlines()) == 1301


def test_a_line_never_has_too_many_bars() -> None:
    scenes = Scenes(tuple(Scene(f"s{n}", n, n + 1, n, 1, (SceneObject("dog", 1 + n % 2, 1.0),)) for n in range(20_000)))
    labels = [{"label": "dog", "scenes": 20_000, "seconds": 20_000, "most": 2, "first_s": 0}]
    data = page_data({"video": {"decoded_s": 20_000}, "labels": labels}, scenes, {})
    assert len(data.cuts) < 700
    bars = data.lines[0].bars
    assert len(bars) < 700
    assert (bars[0].left, bars[0].most, round(bars[-1].left + bars[-1].width, 2)) == (0, 2, 100)


def test_the_table_is_for_spreadsheets(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(published(tmp_path, label="=cmd()")["scenes.csv"].decode("utf-8-sig"))))
    assert rows[0]["objects"] == "'=cmd() 3; dog 1"
    assert (rows[1]["start_s"], rows[1]["objects"], rows[1]["sheet"]) == ("1", "", "contact-sheet-01.jpg")
