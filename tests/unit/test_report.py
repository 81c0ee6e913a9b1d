"""compile_report: the contract of report.json, its bounds, the pictures, a table for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stages.datatypes import Detection, Detections, Exposure, Exposures, Reading, Readings
from stages.report.picture_choice import chosen
from stages.report.thinning import listed
from tests.unit.harness import make_blobs
from tests.unit.reports import JOB, QUAD, make_frames, make_report, published, run_report


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


def test_the_json_keeps_its_contract_in_what_was_found_and_what_it_cost(tmp_path: Path) -> None:
    content = json.loads(published(tmp_path)["report.json"])
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
    assert picture is not None
    assert picture.shape == (252, 448, 3)
    blue, _, red = picture[:, :, 0].astype(int), 0, picture[:, :, 2].astype(int)
    assert (red - blue > 100).sum() > 300


def test_pictures_are_bounded_and_the_page_says_so(tmp_path: Path) -> None:
    files = published(tmp_path, exposures=7, pictures=3)
    assert sum(name.endswith(".jpg") for name in files) == 3
    content = json.loads(files["report.json"])
    assert [e["image"] for e in content["exposures"]].count(None) == 4
    assert "4 of these 7 exposures are shown without a picture" in files["report.html"].decode()


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
    assert json.loads(run_report(reads, tmp_path, blobs).publish({}, blobs)["report.json"])["unresolved"] == []


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


NUMBER = (int, float)
CONTRACT: dict[str, dict[str, Any]] = {
    "brands": {
        **{"brand": str, "exposures": int, "seconds": NUMBER, "mean_area": NUMBER, "max_area": NUMBER},
        **{"mean_score": NUMBER, "first_s": NUMBER, "last_s": NUMBER},
    },
    "exposures": {
        **{"id": str, "brand": str, "start_s": NUMBER, "end_s": NUMBER, "seconds": NUMBER, "mean_area": NUMBER},
        **{"mean_score": NUMBER, "best_t": NUMBER, "image": (str, type(None))},
    },
    "detections": {
        **{"t": NUMBER, "brand": str, "text": str, "score": NUMBER, "source": str, "exposure": str, "quad": list},
    },
    "unresolved": {"t": NUMBER, "text": str, "score": NUMBER, "quad": list},
}


def test_every_row_has_the_keys_and_types_of_the_contract(tmp_path: Path) -> None:
    files = published(tmp_path, exposures=5, pictures=3)
    content = json.loads(files["report.json"])
    for key, types in CONTRACT.items():
        assert content[key]
        for row in content[key]:
            assert list(row) == list(types)
            assert all(isinstance(row[name], kind) for name, kind in types.items())
    for row in [*content["detections"], *content["unresolved"]]:
        assert np.array(row["quad"]).shape == (4, 2)
    assert {e["image"] for e in content["exposures"]} - set(files) == {None}
    assert all(isinstance(note, str) for note in content["notes"])


def test_each_row_of_the_json_is_a_line(tmp_path: Path) -> None:
    lines = published(tmp_path)["report.json"].decode().splitlines()
    assert sum('"quad"' in line for line in lines) == 4
    assert max(map(len, lines)) < 400


def many(brands: int, seconds: int, rate: float = 6.25) -> tuple[Detections, Exposures]:
    """Brands that are on screen all the time, each in two places."""
    times = [round(n / rate, 3) for n in range(int(seconds * rate))]
    rows = [Exposure(f"e{n}", f"B{n}", 0.0, seconds, 0.1, 0.1, 0.9, times[7]) for n in range(brands)]
    hits = [
        Detection(t, e.brand, "x", 0.9, "text", e.id, QUAD + place) for t in times for e in rows for place in (0, 9)
    ]
    return Detections.of(hits), Exposures(tuple(rows))


def test_detections_are_listed_twice_a_second_at_most() -> None:
    detections, exposures = many(2, 20)
    rows, step = listed(detections, exposures)
    times = [float(detections.t[row]) for row in rows if detections.brands[row] == "B0"]
    assert step == 0.5
    assert len(times) == 2 * len(set(times))  # both places of each picture
    assert detections.t[0] in times
    best = exposures.rows[0].best_t
    assert best in times
    others = sorted(set(times) - {best})
    assert min(np.diff(others)) >= 0.5
    assert max(np.diff(others)) < 0.7


def test_very_many_detections_are_listed_further_apart_and_a_note_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detections, exposures = many(3, 60)
    rows, step = listed(detections, exposures, most=150)
    assert len(rows) <= 150
    assert step == 5.0
    monkeypatch.setattr("stages.report.thinning.MOST", 150)
    monkeypatch.setattr(listed, "__defaults__", (150,))
    blobs = make_blobs(tmp_path)
    reads = {"frames": make_frames(blobs), "detections": detections, "exposures": exposures}
    content = json.loads(run_report(reads, tmp_path, blobs).publish(JOB, blobs)["report.json"])
    assert len(content["detections"]) == len(rows)
    assert "at least 5 s apart" in content["notes"][-1]
    assert [e["seconds"] for e in content["exposures"]] == [60, 60, 60]  # exact, whatever is listed


def test_a_box_is_drawn_only_into_the_picture_it_was_seen_in(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    rows = (Exposure("e0001", "A", 0, 1, 0.1, 0.1, 0.9, 0.5), Exposure("e0002", "A", 2, 3, 0.1, 0.1, 0.9, 2.16))
    reads = {
        "frames": make_frames(blobs),
        "detections": Detections.of(Detection(e.best_t, "A", "A", 0.9, "text", e.id, QUAD) for e in rows),
        "exposures": Exposures(rows),
        "unresolved": Readings.of([Reading(0, 0.62, "no picture of this", 0.7, "", QUAD)]),
    }
    files = run_report(reads, tmp_path, blobs).publish(JOB, blobs)
    assert [e["image"] for e in json.loads(files["report.json"])["exposures"]] == ["exposure-0001.jpg", None]
    assert files["report.html"].count(b"data:image/jpeg") == 1


def test_a_name_that_is_no_unicode_does_not_stop_the_report(tmp_path: Path) -> None:
    report, blobs = make_report(tmp_path)
    files = report.publish({**JOB, "inputs": {"video": "/films/\udcff.mp4"}}, blobs)
    assert json.loads(files["report.json"])["video"]["uri"] == "/films/?.mp4"
    assert b"/films/?.mp4" in files["report.html"]
