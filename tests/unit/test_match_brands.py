"""match_brands: which texts name a brand, which nearly do, which do not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.brands import match_brands
from stages.brands.letters import is_dense, letters
from stages.datatypes import Detections, Reading, Readings, TrackPoint, Tracks
from tests.unit.harness import run_stage

QUAD = np.array([[1, 2], [11, 2], [11, 7], [1, 7]], np.float32)


Said = tuple[int, float, str]
"""Track, time and text of a reading."""


def matched(
    said: list[Said],
    brands: list[str],
    tmp_path: Path,
    points: list[TrackPoint] | None = None,
    score: float = 0.98,
    **config: Any,
) -> tuple[Detections, Readings]:
    """What becomes of readings of tracks; without `points` each is seen only where it is read."""
    points = points or [TrackPoint(track, t, 1.0, True, QUAD + track) for track, t, _ in sorted(said)]
    reads = {
        "readings": Readings.of([Reading(track, t, text, score, "", QUAD + track) for track, t, text in said], ["b"]),
        "tracks": Tracks.of(points, ["a"]),
    }
    values, _ = run_stage(match_brands.definition, {"brands": brands, **config}, reads, tmp_path)
    return values["detections"], values["unresolved"]


def brand_of(text: str, brands: list[str], tmp_path: Path, **config: Any) -> str | None:
    found, _ = matched([(0, 0.0, text)], brands, tmp_path, **config)
    return found.brands[0] if len(found) else None


@pytest.mark.parametrize(
    ("text", "brand"),
    [
        ("NORDVIK", "NORDVIK"),
        ("nordvik!", "NORDVIK"),
        ("NORDVlK", "NORDVIK"),
        ("NORDIC", None),
        ("NOR", None),
        ("Official partner: ALTAMIRA BANK tonight", "Altamira Bank"),
        ("Altamira", "Altamira Bank"),
        ("ALTITUDE", None),
        ("LG", "LG"),
        ("LGE", None),
        ("ALGAE", None),
        ("НОВАТЭК", "Новатэк"),
        ("сони", None),
        ("اتصالات", "اتصالات"),
        ("索尼", "索尼"),
        ("索尼电视", "索尼"),
        ("東芝", None),
        ("ＳＯＮＹ", "Sony"),
        ("Čeština", "CESTINA"),
        ("VOLTRE", None),
    ],
)
def test_which_text_is_which_brand(tmp_path: Path, text: str, brand: str | None) -> None:
    brands = ["NORDVIK", "Altamira Bank|Altamira", "LG", "Новатэк", "اتصالات", "索尼", "Sony", "CESTINA"]
    assert brand_of(text, brands, tmp_path) == brand


def test_a_detection_tells_what_was_read_and_how_sure(tmp_path: Path) -> None:
    found, _ = matched([(0, 0.0, "NORDVEK")], ["NORDVIK"], tmp_path, score=0.8)
    assert found[0][:6] == (0.0, "NORDVIK", "NORDVEK", round(0.8 * 6 / 7, 4), "text", "")
    assert np.array_equal(found[0].quad, QUAD)
    assert found.notes == ("a", "b")


def test_a_track_is_seen_wherever_enough_of_it_is_visible(tmp_path: Path) -> None:
    shares = [0.0, 0.39, 0.4, 1.0, 0.2, 0.8]
    points = [TrackPoint(4, n / 4, share, False, QUAD + n) for n, share in enumerate(shares)]
    found, unresolved = matched([(4, 0.75, "NORDVIK")], ["NORDVIK"], tmp_path, points)
    assert found.t.tolist() == [0.5, 0.75, 1.25]
    assert np.array_equal(found.quads, np.stack([QUAD + 2, QUAD + 3, QUAD + 5]))
    assert len(unresolved) == 0
    found, _ = matched([(4, 0.75, "NORDVIK")], ["NORDVIK"], tmp_path, points, visible=0)
    assert len(found) == 6


def test_detections_of_several_tracks_come_in_order_of_time(tmp_path: Path) -> None:
    points = [TrackPoint(track, float(n), 1.0, False, QUAD) for track in (0, 1) for n in range(3)]
    found, _ = matched([(0, 1.0, "VOLTRA"), (1, 1.0, "NORDVIK")], ["NORDVIK", "VOLTRA"], tmp_path, points)
    assert found.t.tolist() == [0, 0, 1, 1, 2, 2]
    assert list(found.brands) == ["NORDVIK", "VOLTRA"] * 3


def test_a_track_that_was_never_read_shows_nothing(tmp_path: Path) -> None:
    points = [TrackPoint(0, 0.0, 1.0, True, QUAD), TrackPoint(1, 0.0, 1.0, True, QUAD)]
    found, unresolved = matched([(1, 0.0, "NORDVIK")], ["NORDVIK"], tmp_path, points)
    assert (len(found), len(unresolved)) == (1, 0)


def test_of_two_boards_that_were_read_as_one_line_each_has_its_part(tmp_path: Path) -> None:
    found, _ = matched([(0, 0.0, "NORDVIK VOLTRA")], ["NORDVIK", "VOLTRA"], tmp_path)
    places = {hit.brand: hit.quad for hit in found}
    left, right = 1 + 10 * 7 / 13, 11.0
    assert np.allclose(places["NORDVIK"], [[1, 2], [left, 2], [left, 7], [1, 7]], atol=1e-4)
    assert np.allclose(places["VOLTRA"], [[left, 2], [right, 2], [right, 7], [left, 7]], atol=1e-4)


def test_what_is_near_is_left_for_a_person_once_a_track(tmp_path: Path) -> None:
    said = [(0, 0.0, "NORDIC"), (0, 1.0, "NORD"), (1, 0.5, "NORDVIK"), (2, 0.5, "weather")]
    found, unresolved = matched(said, ["NORDVIK"], tmp_path)
    assert [d.t for d in found] == [0.5]
    assert [(r.track, r.t, r.text) for r in unresolved] == [(0, 0.0, "NORDIC")]
    assert np.array_equal(unresolved[0].quad, QUAD)
    assert len(matched(said, ["NORDVIK"], tmp_path, near=80)[1]) == 0


def test_the_threshold_decides(tmp_path: Path) -> None:
    assert brand_of("NORDVEK", ["NORDVIK"], tmp_path, score=0.85) == "NORDVIK"
    assert brand_of("NORDVEK", ["NORDVIK"], tmp_path, score=0.85, threshold=87) is None
    assert brand_of("NORDVIK", ["NORDVIK"], tmp_path, threshold=100) == "NORDVIK"


def test_nothing_read_nothing_found(tmp_path: Path) -> None:
    found, unresolved = matched([], ["NORDVIK"], tmp_path)
    assert (len(found), len(unresolved)) == (0, 0)


@pytest.mark.parametrize(
    ("brands", "says"),
    [
        ([], "at least 1 item"),
        (["NORDVIK", "!!"], "'!!' holds no letter or digit to look for"),
        (["NORDVIK|"], "'' holds no letter or digit"),
        (["Nordvik", "Lumora|NORDVIK"], "'NORDVIK' stands for both 'Nordvik' and 'Lumora'"),
    ],
)
def test_brands_that_cannot_be_looked_for_are_refused(brands: list[str], says: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(says)):
        match_brands.definition.settings.model_validate({"brands": brands})


@given(st.text())
def test_reducing_twice_changes_nothing(text: str) -> None:
    assert letters(letters(text)) == letters(text)


@given(st.text(), st.text())
def test_case_and_spaces_do_not_matter(one: str, other: str) -> None:
    assert letters(f"{one} {other}".upper()).casefold() == letters(letters(f"{one} {other}".upper()))
    assert letters("Miro & Finch") == letters("MIRO&FINCH") == "mirofinch"


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_latin_text_becomes_plain_letters_and_digits(text: str) -> None:
    assert letters(text) == re.sub("[^a-z0-9]", "", text.lower())


def test_scripts_without_spaces_are_known() -> None:
    assert [is_dense(t) for t in ("索尼", "ソニー", "삼성", "sony", "сони", "索sony", "")] == [True] * 3 + [False] * 4
