"""report.html: safe whatever it is given, complete without network and script, bounded in size."""

from __future__ import annotations

import re
import sys
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.datatypes import Detection, Detections, Exposure, Exposures, Reading, Readings
from stages.pages.formats import clock, mark, percent, seconds
from stages.report.unread import grouped, place
from tests.unit.harness import make_blobs
from tests.unit.reports import EVIL, JOB, QUAD, make_frames, published, run_report
from tests.unit.shown_page import Page

HOSTILE = (
    EVIL,
    "</script><script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "</style><!--stamp:job_id--><!--",
    "\u202egnp.exe\u202c\u2066\u200f",
    "{{ 7 * 7 }}{% raw %}",
    "nul\x00 and \x1b[31m",
    "W" * 300,
)


def hostile_page(text: str, tmp_path: Path) -> str:
    """A page with a text in every place that text from outside can get to."""
    blobs = make_blobs(tmp_path)
    reads = {
        "frames": make_frames(blobs),
        "detections": Detections.of([Detection(0.5, text, text, 0.9, "text", "e0001", QUAD)], [text]),
        "exposures": Exposures((Exposure("e0001", text, 0, 2, 0.1, 0.1, 0.9, 0.5),)),
        "unresolved": Readings.of([Reading(0, 0.5, f"near {text}", 0.7, "", QUAD)]),
        "escalation": {"asked": 1, "model": text, "endpoint": text, "cost": 0.5},
    }
    job = {
        **{"job_id": text, "profile": text, "started": text, "stagewright": text, "inputs": {"video": text}},
        **{"settings": {text: {text: text}, "match": {"brands": [text, f"{text}2|x"]}}, "versions": {text: text}},
        "stages": {text: {"status": text, "seconds": None, "failed_items": 0}},
    }
    return run_report(reads, tmp_path, blobs).publish(job, blobs)["report.html"].decode()


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_stays_text(text: str, tmp_path: Path) -> None:
    raw, harmless = hostile_page(text, tmp_path), hostile_page("harmless", tmp_path / "other")
    page = Page(raw)
    assert page.tags == Page(harmless).tags
    assert "<!--stamp:" not in raw.replace("&lt;!--stamp:", "")
    if text.isprintable():
        assert page.text.count(text) >= 15
    else:
        assert "\u202e" not in re.sub(r"<bdi[^>]*>[^<]*</bdi>", "", raw)  # nothing turns what follows it


def test_no_script_runs_but_its_own(tmp_path: Path) -> None:
    raw = published(tmp_path, brand=EVIL)["report.html"].decode()
    scripts = re.findall(r"<script>(.*?)</script>", raw, re.S)
    assert len(scripts) == 1
    digest = b64encode(sha256(scripts[0].encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in raw
    assert " on" not in "".join(re.findall(r"<[a-z]+ [^>]*>", raw)).replace(" on screen", "").replace(" once", "")


def test_the_page_needs_no_network(tmp_path: Path) -> None:
    raw = published(tmp_path)["report.html"].decode()
    assert re.findall(r"(?:https?:)?//[a-z]", re.sub(r"data:image/jpeg;base64,[^\"]*", "", raw)) == []
    assert "url(" not in raw
    assert "@import" not in raw
    assert all(load.startswith("data:image/jpeg;base64,") for load in Page(raw).loads)


def test_the_page_says_what_an_analyst_asks(tmp_path: Path) -> None:
    page = published(tmp_path)["report.html"].decode()
    text = Page(page).words
    for said in (
        *("job-1", "brand-exposure", "22 November 2026, 03:12 UTC", "Stagewright 1.2.3 .", "0:04.0 of 0:05.0"),
        *("Decoding ended at 4.00 s & no later.", "0:00.0 0:00.5 0.5 s", "25 %", "fps 2.0", "1+abc", "NORDIC"),
        f"Looked for, not seen (1 of 2): {EVIL}",
        "read_text – – kept from before 9.00 s 3",
        "full height is",
        "0:00.0 – 0:00.5 (0.5 s) 5.0 % of the screen",
    ):
        assert said in text


def test_the_page_can_be_read_aloud(tmp_path: Path) -> None:
    page = published(tmp_path)["report.html"].decode()
    assert '<html lang="en">' in page
    assert all('alt="' in image for image in re.findall(r"<img [^>]*>", page))
    assert not re.findall(r"<th(?! scope)[ >]", page)
    drawn = re.findall(r"<svg [^>]*>|<svg>", page)
    assert drawn
    assert all("aria-label=" in one or 'aria-hidden="true"' in one for one in drawn)


def test_what_was_asked_of_a_model_is_told(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    reads = {
        **{"frames": make_frames(blobs), "detections": Detections.of([]), "exposures": Exposures(())},
        "escalation": {"asked": 12, "left_out": 3, "cost": 0.0123456, "model": "seer-2", "tokens_in": 12345},
    }
    page = run_report(reads, tmp_path, blobs).publish(JOB, blobs)["report.html"].decode()
    text = Page(page).words
    assert "shown to seer-2 . Asked 12 Left out 3 Tokens in 12345 Cost 0.01235" in text
    assert "Asked of a vision model" not in published(tmp_path / "other")["report.html"].decode()


def test_pictures_get_the_room_that_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = published(tmp_path / "whole", exposures=7)["report.html"]
    monkeypatch.setattr(sys.modules["stages.report.compile_report"], "PAGE_BYTES", len(whole) - 8000)
    page = published(tmp_path / "less", exposures=7)["report.html"]
    assert len(page) < len(whole) - 4000
    assert 0 < page.count(b"data:image/jpeg") < whole.count(b"data:image/jpeg")


def test_a_long_video_with_very_many_exposures_fits_a_page(tmp_path: Path) -> None:
    blobs, hours = make_blobs(tmp_path), 3 * 3600.0
    rng = np.random.default_rng(5)
    starts = sorted(rng.uniform(0, hours, 6000).tolist())
    rows = [Exposure(f"e{n}", f"Brand {n % 60}", t, t + 1, 0.01, 0.02, 0.9, t) for n, t in enumerate(starts)]
    hits = [Detection(e.start_s, e.brand, e.brand, 0.9, "text", e.id, QUAD) for e in rows]
    texts = Readings.of(Reading(n, n / 2, f"text {n % 500}", 0.7, "", QUAD) for n in range(1500))
    frames = make_frames(blobs)
    long: Any = type(frames.info)(hours, hours, 160, 90, 25.0)
    object.__setattr__(frames, "info", long)
    reads = {"frames": frames, "detections": Detections.of(hits), "exposures": Exposures(tuple(rows))}
    page = run_report({**reads, "unresolved": texts}, tmp_path, blobs).publish(JOB, blobs)["report.html"].decode()
    assert len(page) < 4_000_000
    assert "5000 further exposures stand in exposures.csv" in page
    assert "400 further texts stand in report.json" in page
    assert page.count('class="hit"') <= 8000
    assert len(set(re.findall(r'scope="row"><bdi[^>]*>(Brand \d+)<', page))) == 60


def test_cuts_and_steps_are_those_of_the_pictures_in_between_where_these_are_given(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    rows = (Exposure("e0001", "A", 0, 2, 0.1, 0.1, 0.9, 0.5),)
    hits = [Detection(0.5, "A", "A", 0.9, "text", "e0001", QUAD)]
    frames = make_frames(blobs)
    motion = replace(frames.keep(range(8), cuts=[2, 5]), period_s=0.16)
    reads = {"frames": frames, "detections": Detections.of(hits), "exposures": Exposures(rows)}
    page = run_report({**reads, "motion": motion}, tmp_path, blobs).publish(JOB, blobs)["report.html"].decode()
    assert re.findall(r'class="cut" x1="([0-9.]+)%"', page) == ["25.00", "62.50"]
    assert "followed in a picture every 0.16 s" in page
    assert 'class="cut"' not in published(tmp_path / "other")["report.html"].decode()


def test_texts_that_are_spelt_alike_are_one() -> None:
    low = QUAD + np.array([0, 40], np.float32)
    texts = [(0, 3.0, "Nordic", 0.7, QUAD), (1, 1.0, "NORDIC", 0.9, low), (2, 2.0, "NOR DIC", 0.8, low)]
    groups = grouped(Readings.of(Reading(n, t, text, score, "", quad) for n, t, text, score, quad in texts), 160, 90)
    assert [(g.best.text, list(g.moments), list(g.places)) for g in groups] == [
        ("NORDIC", [1.0, 2.0, 3.0], ["bottom", "middle"])
    ]


def test_places_have_names() -> None:
    assert [place(np.array([[x, y]] * 4), 90, 90) for y in (5, 45, 85) for x in (5, 45, 85)] == [
        *("top left", "top", "top right"),
        *("left", "middle", "right"),
        *("bottom left", "bottom", "bottom right"),
    ]


def test_times_lengths_and_shares_are_written_as_people_do() -> None:
    assert [clock(t) for t in (0, 59.94, 59.96, 61.25, 3599.96, 3723.4, 36000)] == [
        *("0:00.0", "0:59.9", "1:00.0", "1:01.2", "1:00:00", "1:02:03", "10:00:00")
    ]
    assert [mark(t) for t in (0, 0.5, 30, 3600)] == ["0:00", "0:00.5", "0:30", "1:00:00"]
    assert [seconds(t) for t in (0, 119.9, 119.99, 3599, 3600, 9999)] == [
        *("0.0 s", "119.9 s", "2 min 0 s", "59 min 59 s", "1 h 0 min", "2 h 46 min")
    ]
    assert [percent(s) for s in (0, 0.00123, 0.0123, 0.123, 1)] == ["0 %", "0.12 %", "1.2 %", "12 %", "100 %"]
