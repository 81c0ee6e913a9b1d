"""The accuracy table: the plain script, what a command costs, which films, and how it is printed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.accuracy import _parser, chosen_films, table
from bench.cost import run_measured
from bench.figures import Figures, measure_plain
from bench.films import Sample, drawn_film, given_film
from bench.plain import brand_of, exposures
from bench.plan import Wishes
from bench.sample import render_sample

NAMES = {"nordvik": "NORDVIK", "altamirabank": "Altamira Bank", "altamira": "Altamira Bank", "miro": "Miro"}


@pytest.mark.parametrize(
    ("text", "brand"),
    [
        ("nordvik", "NORDVIK"),
        ("nordv1k", "NORDVIK"),
        ("altamira", "Altamira Bank"),
        ("thenordvikcup", "NORDVIK"),
        ("nordic", None),
        ("mirococo", None),  # inside a longer line only brands of five letters or more
        ("nor", None),
        ("", None),
    ],
)
def test_the_plain_script_matches_as_a_user_would(text: str, brand: str | None) -> None:
    assert brand_of(text, NAMES) == brand


def test_the_plain_script_merges_hits_over_gaps_of_two_seconds() -> None:
    hits = [{"brand": b, "t": t} for b, t in [("A", 0.0), ("B", 1.0), ("A", 2.5), ("A", 5.5)]]
    assert exposures(hits, 2) == [
        {"brand": "A", "start_s": 0.0, "end_s": 3.0},
        {"brand": "A", "start_s": 5.5, "end_s": 6.0},
        {"brand": "B", "start_s": 1.0, "end_s": 1.5},
    ]


def test_the_cost_is_that_of_the_whole_tree() -> None:
    burn = "import time; block = bytearray(60_000_000)\nwhile time.process_time() < 0.3: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}]); print('done')"
    cost = run_measured([sys.executable, "-c", parent])
    assert cost.said == "done\n"
    assert 0.3 <= cost.cpu_s < 3
    assert cost.wall_s >= 0.3
    assert cost.peak_bytes > 60_000_000


def test_a_command_that_fails_is_told_with_what_it_said() -> None:
    with pytest.raises(SystemExit, match=r"ended with 3:\nhalf a film"):
        run_measured([sys.executable, "-c", "print('half a film'); raise SystemExit(3)"])


def test_the_plain_script_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    truth = render_sample(tmp_path / "a.mp4", seconds=1, size=(640, 360), fps=10)
    figures = measure_plain(Sample("a", tmp_path / "a.mp4", truth))
    assert figures.f1 > 0.5
    assert figures.cpu > 0.01
    assert figures.peak_mb > 50


def test_a_film_is_rendered_once_and_half_a_film_is_none(tmp_path: Path) -> None:
    asked = Wishes(3, seconds=1, size=(160, 90), fps=5)
    film = drawn_film(tmp_path, asked)
    assert (film.name, film.seconds) == ("seed-3-1s", 1.0)
    written = film.video.stat().st_mtime_ns
    assert drawn_film(tmp_path, asked).video.stat().st_mtime_ns == written
    film.video.with_suffix(".json").unlink()
    assert drawn_film(tmp_path, asked).video.stat().st_mtime_ns > written


def test_the_films_are_those_that_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(folder: Path, wishes: Wishes) -> tuple[int, bool]:
        return wishes.seed, wishes.empty

    monkeypatch.setattr("bench.accuracy.drawn_film", drawn)
    by_default = list(chosen_films(_parser().parse_args([]), tmp_path))
    assert by_default == [(11, False), (12, False), (13, False), (14, False), (15, True)]
    assert list(chosen_films(_parser().parse_args(["--empty", "9"]), tmp_path)) == [(9, True)]
    with pytest.raises(SystemExit, match="1 --video but 0 --truth"):
        list(chosen_films(_parser().parse_args(["--video", "a.mp4"]), tmp_path))


def test_the_table_has_a_row_a_film_and_ours_before_plain() -> None:
    def figures(**more: Any) -> Figures:
        usual = {"f1": 1.0, "recall": 1.0, "precision": 1.0, "tracks": "3/3", "misplaced": 0, "false_s": 0.0}
        return Figures(**{**usual, "longest_s": 2.5, "cpu": 0.2, "speed": 9.0, "peak_mb": 400, **more})

    row = {"ours": figures(), "plain": figures(f1=0.9)}
    lines = table({"seed-11": row, "empty-15": row}, empty=["empty-15"]).splitlines()
    assert lines[0].startswith("| film | F1 | recall |")
    assert lines[2].startswith("| seed-11 | 1.0 / 0.9 |")
    assert "– | 0.2 / 0.2 | 9.0 / 9.0 | 400 / 400 |" in lines[2]
    assert lines[3].startswith("| empty-15 | – | – | – | – | 0 / 0 | 0.0 / 0.0 | 2.5 / 2.5 |")


def test_a_given_film_is_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"meta": {"fps": 25}, "frames": [{}] * 50}))
    film = given_film(tmp_path / "match.mp4", tmp_path / "t.json")
    assert (film.name, film.seconds) == ("match", 2.0)
