"""The sample film: what its truth says is in the picture, and scoring by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.sample import BRANDS, render_sample
from bench.score import score


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    path = tmp_path_factory.mktemp("sample") / "a.mp4"
    return path, render_sample(path, seconds=3, size=(640, 360), fps=10)


def claimed(truth: dict[str, Any], brand: str, begin: float, end: float) -> dict[str, Any]:
    return {"exposures": [{"brand": brand, "start_s": begin, "end_s": end}], "detections": []}


def test_the_same_arguments_give_the_same_film(film: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    path, truth = film
    assert render_sample(tmp_path / "b.mp4", seconds=3, size=(640, 360), fps=10) == truth
    assert (tmp_path / "b.mp4").read_bytes() == path.read_bytes()


def test_the_film_is_what_the_truth_says(film: tuple[Path, dict[str, Any]]) -> None:
    import av

    path, truth = film
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(pictures) == len(truth["frames"]) == 30
    assert truth["meta"]["size"] == "640x360"
    bug = next(o for o in truth["frames"][10]["objects"] if o["kind"] == "scorebug" and o["brand"])
    (left, top), (right, bottom) = np.round(bug["quad"][0]).astype(int), np.round(bug["quad"][2]).astype(int)
    assert bug["visible"] == pytest.approx(1, abs=0.15)
    assert np.ptp(pictures[10][top:bottom, left:right]) > 120  # lettering


def test_it_shows_brands_strangers_and_what_hides_them(film: tuple[Path, dict[str, Any]]) -> None:
    objects = [seen for frame in film[1]["frames"] for seen in frame["objects"]]
    assert {seen["brand"] for seen in objects} > {None, "NORDVIK", "VOLTRA"}
    assert {seen["text"] for seen in objects if seen["brand"] is None} & set(film[1]["distractors"])
    hidden = [
        o for o in objects if o["kind"] == "board" and 160 < np.mean(o["quad"], 0)[0] < 480 and o["visible"] < 0.8
    ]
    assert hidden


def test_a_perfect_report_scores_one(film: tuple[Path, dict[str, Any]]) -> None:
    _, truth = film
    exposures, detections = [], []
    for frame in truth["frames"]:
        for seen in frame["objects"]:
            if seen["brand"] and seen["visible"] >= 0.2:
                span = {"start_s": frame["t"] - 0.05, "end_s": frame["t"] + 0.05}
                exposures.append({"brand": seen["brand"], **span})
                detections.append({"t": frame["t"], "brand": seen["brand"], "quad": seen["quad"]})
    result = score(truth, {"exposures": exposures, "detections": detections})
    assert (result.f1_s, result.false_seconds, result.misplaced) == (1.0, 0.0, 0)


def test_what_is_missed_and_what_is_false_is_counted(film: tuple[Path, dict[str, Any]]) -> None:
    _, truth = film
    nothing = score(truth, {"exposures": [], "detections": []})
    assert (nothing.recall_s, nothing.precision_s, nothing.f1_s) == (0.0, 1.0, 0.0)
    stranger = score(truth, claimed(truth, "NOBODY", 0, 2.95))
    assert stranger.false_seconds == 3.0
    away = {"t": 0.0, "brand": BRANDS[0], "quad": [[600, 340], [620, 340], [620, 350], [600, 350]]}
    assert score(truth, {"exposures": [], "detections": [away]}).misplaced == 1
