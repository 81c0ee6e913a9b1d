"""compile_report: the contract of report.json, a page that is safe and needs no network, a table for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stages.core.blobs import BlobStore
from stages.datatypes import (
    Detection,
    Detections,
    Exposure,
    Exposures,
    Frames,
    FrameWriter,
    MediaInfo,
    Reading,
    Readings,
    Report,
)
from stages.report import compile_report, page_html
from stages.report.picture_choice import chosen
from stages.report.timeline import covered, ticks
from tests.unit.harness import make_blobs, run_stage

QUAD = np.array([[60, 30], [110, 30], [110, 45], [60, 45]], np.float32)
EVIL = "<script>alert('x')</script>"
JOB: dict[str, Any] = {
    "job_id": "job-1",
    "profile": "brand-exposure",
    "inputs": {"video": "/films/<b>match & more</b>.mp4"},
    "stages": {
        "extract_frames": {"status": "ran", "seconds": 1.25},
        "read_text": {"status": "kept", "seconds": 9.0},
        "extra": {"status": "skipped", "seconds": None},
    },
    "settings": {"extract_frames": {"fps": 2.0}, "match_brands": {"brands": ["NORDVIK", EVIL]}},
    "versions": {"extract_frames": "1+abc"},
}


def make_frames(blobs: BlobStore, count: int = 8) -> Frames:
    writer = FrameWriter(blobs)
    for n in range(count):
        writer.add(bytes(cv2.imencode(".jpg", np.full((90, 160, 3), 20 * n % 256, np.uint8))[1]), n / 2)
    return writer.finish(MediaInfo(5.0, 4.0, 160, 90, 25.0), 0.5, ["Decoding ended at 4.00 s & no later."])


def make_report(tmp_path: Path, brand: str = "NORDVIK", exposures: int = 2, **config: Any) -> tuple[Report, BlobStore]:
    blobs = make_blobs(tmp_path)
    rows = [Exposure(f"e{n + 1:04d}", brand, n * 1.0, n + 0.5, 0.05, 0.06, 0.9, n / 2) for n in range(exposures)]
    hits = [Detection(n / 2, brand, f"{brand}!", 0.9, "text", f"e{n + 1:04d}", QUAD) for n in range(exposures)]
    reads = {
        "frames": make_frames(blobs, max(8, exposures)),
        "detections": Detections.of(hits, ["1 of 8 pictures could not be read."]),
        "exposures": Exposures(tuple(rows)),
        "unresolved": Readings.of(
            [Reading(0, 0.5, f"near {EVIL}", 0.7, "", QUAD), Reading(1, 1.0, "NORDIC", 0.7, "", QUAD)]
        ),
    }
    values, _ = run_stage(compile_report.definition, config, reads, tmp_path, blobs)
    report = values["report"]
    assert isinstance(report, Report)
    return report, blobs


def published(tmp_path: Path, **how: Any) -> dict[str, bytes]:
    report, blobs = make_report(tmp_path, **how)
    return dict(report.publish(JOB, blobs))


def test_the_json_keeps_its_contract(tmp_path: Path) -> None:
    content = json.loads(published(tmp_path)["report.json"])
    assert list(content) == [
        *("format", "job_id", "profile", "video", "brands", "exposures", "detections", "unresolved", "notes", "cost")
    ]
    assert (content["format"], content["job_id"], content["profile"]) == (1, "job-1", "brand-exposure")
    assert content["video"] == {
        "uri": "/films/<b>match & more</b>.mp4",
        "duration_s": 5.0,
        "decoded_s": 4.0,
        "width": 160,
        "height": 90,
        "fps": 25.0,
    }
    assert content["brands"] == [
        {
            "brand": "NORDVIK",
            "exposures": 2,
            "seconds": 1.0,
            "mean_area": 0.05,
            "max_area": 0.06,
            "mean_score": 0.9,
            "first_s": 0.0,
            "last_s": 1.5,
        }
    ]
    assert content["exposures"][0] == {
        "id": "e0001",
        "brand": "NORDVIK",
        "start_s": 0.0,
        "end_s": 0.5,
        "seconds": 0.5,
        "mean_area": 0.05,
        "mean_score": 0.9,
        "best_t": 0.0,
        "image": "exposure-0001.jpg",
    }
    assert content["detections"][0] == {
        "t": 0.0,
        "brand": "NORDVIK",
        "text": "NORDVIK!",
        "score": 0.9,
        "source": "text",
        "exposure": "e0001",
        "quad": [[60.0, 30.0], [110.0, 30.0], [110.0, 45.0], [60.0, 45.0]],
    }
    assert content["unresolved"][1] == {
        "t": 1.0,
        "text": "NORDIC",
        "score": 0.7,
        "quad": [[60.0, 30.0], [110.0, 30.0], [110.0, 45.0], [60.0, 45.0]],
    }
    assert content["notes"] == ["Decoding ended at 4.00 s & no later.", "1 of 8 pictures could not be read."]
    assert content["cost"] == {
        "seconds": 1.25,
        "stages": {
            "extract_frames": {"status": "ran", "seconds": 1.25},
            "read_text": {"status": "kept", "seconds": 9.0},
            "extra": {"status": "skipped", "seconds": None},
        },
    }


def test_nothing_of_the_job_is_in_what_the_stage_wrote(tmp_path: Path) -> None:
    report, blobs = make_report(tmp_path)
    stored = b"".join(blobs.get(ref) for ref in report.files.values())
    assert b"job" not in stored.replace(b"stamp:job_id", b"")
    assert b"/films" not in stored


def test_the_pictures_are_there_with_the_box(tmp_path: Path) -> None:
    files = published(tmp_path)
    picture = cv2.imdecode(np.frombuffer(files["exposure-0002.jpg"], np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (252, 448, 3)
    blue, _, red = picture[:, :, 0].astype(int), 0, picture[:, :, 2].astype(int)
    assert (red - blue > 100).sum() > 300


class Page(HTMLParser):
    """What a browser would load or run, and the text it would show."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action", "data")]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_escapes_every_text(tmp_path: Path) -> None:
    raw = published(tmp_path, brand=EVIL)["report.html"].decode()
    page = Page(raw)
    assert "script" not in page.tags
    assert "b" in page.tags  # its own, and none of the address
    assert "/films/<b>match & more</b>.mp4" in page.text
    assert page.text.count(EVIL) >= 5
    assert "<!--stamp:" not in raw


def test_the_page_needs_no_network(tmp_path: Path) -> None:
    raw = published(tmp_path)["report.html"].decode()
    assert re.findall(r"(?:https?:)?//[a-z]", re.sub(r"data:image/jpeg;base64,[^\"]*", "", raw)) == []
    assert "url(" not in raw
    assert "@import" not in raw
    assert all(load.startswith(("#e0", "data:image/jpeg;base64,")) for load in Page(raw).loads)
    assert "default-src 'none'" in raw


def test_the_page_says_what_an_analyst_asks(tmp_path: Path) -> None:
    text = Page(published(tmp_path)["report.html"].decode()).text
    for said in (
        "job-1",
        "brand-exposure",
        "Decoding ended at 4.00 s & no later.",
        "0:00.0 – 0:00.5",
        "25 %",
        "fps 2.0",
    ):
        assert said in text


def test_pictures_are_bounded_and_the_page_says_so(tmp_path: Path) -> None:
    files = published(tmp_path, exposures=7, pictures=3)
    assert sum(name.endswith(".jpg") for name in files) == 3
    content = json.loads(files["report.json"])
    assert [e["image"] for e in content["exposures"]].count(None) == 4
    assert "4 of 7 exposures are shown without a picture" in files["report.html"].decode()


def test_a_thousand_exposures_fit_a_page(tmp_path: Path) -> None:
    files = published(tmp_path, exposures=1100)
    page = files["report.html"].decode()
    assert len(page) < 10_000_000
    assert "100 further exposures stand in exposures.csv" in page
    assert len(files["exposures.csv"].splitlines()) == 1101


def test_no_brand_is_a_report_too(tmp_path: Path) -> None:
    files = published(tmp_path, exposures=0)
    assert json.loads(files["report.json"])["brands"] == []
    assert "No brand was found" in files["report.html"].decode()


def test_it_can_do_without_unresolved_texts(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    reads = {"frames": make_frames(blobs), "detections": Detections.of([]), "exposures": Exposures(())}
    values, _ = run_stage(compile_report.definition, {}, reads, tmp_path, blobs)
    assert json.loads(values["report"].publish({}, blobs)["report.json"])["unresolved"] == []


@pytest.mark.parametrize("brand", ["=cmd()", "+1", "-1", "@x", " =1", "\t=1"])
def test_a_spreadsheet_runs_no_text(tmp_path: Path, brand: str) -> None:
    table = published(tmp_path, brand=brand)["exposures.csv"].decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert rows[0]["brand"] == "'" + brand
    assert (rows[0]["start_s"], rows[0]["image"]) == ("0.0", "exposure-0001.jpg")


def test_each_brand_gets_a_picture_before_any_gets_two() -> None:
    lengths = [("A", 9), ("A", 8), ("B", 1), ("C", 2)]
    rows = [Exposure(f"e{n}", b, 10.0 * n, 10.0 * n + s, 0, 0, 0, 0) for n, (b, s) in enumerate(lengths)]
    assert [e.id for e in chosen(rows, 3)] == ["e0", "e2", "e3"]
    assert [e.id for e in chosen(rows, 4)] == ["e0", "e1", "e2", "e3"]


def test_times_on_the_axis_are_round() -> None:
    assert [t for t, _ in ticks(64)] == [0, 10, 20, 30, 40, 50, 60]
    assert ticks(0) == []
    assert max(len(ticks(length)) for length in range(1, 20_000, 7)) <= 10
    assert [page_html.clock(t) for t in (0, 59.96, 61.25, 3723.4)] == ["0:00.0", "1:00.0", "1:01.2", "1:02:03.4"]


def test_overlapping_exposures_cover_time_once() -> None:
    rows = [Exposure("", "", begin, end, 0, 0, 0, 0) for begin, end in ((0, 4), (1, 2), (3, 6), (8, 9))]
    assert covered(rows) == 7
