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
from stages.datatypes import Detections, TextRegion, TextRegions
from tests.unit.harness import run_stage

QUAD = np.array([[1, 2], [11, 2], [11, 7], [1, 7]], np.float32)


def matched(texts: list[str], brands: list[str], tmp_path: Path, **config: Any) -> tuple[Detections, TextRegions]:
    regions = TextRegions.of([TextRegion(n / 2, text, 0.9, QUAD + n) for n, text in enumerate(texts)], ["a note"])
    settings = {"brands": brands, **config}
    values, _ = run_stage(match_brands.definition, settings, {"text": regions}, tmp_path)
    return values["detections"], values["unresolved"]


def brand_of(text: str, brands: list[str], tmp_path: Path, **config: Any) -> str | None:
    found, _ = matched([text], brands, tmp_path, **config)
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
    ],
)
def test_which_text_is_which_brand(tmp_path: Path, text: str, brand: str | None) -> None:
    brands = ["NORDVIK", "Altamira Bank|Altamira", "LG", "Новатэк", "اتصالات", "索尼", "Sony", "CESTINA"]
    assert brand_of(text, brands, tmp_path) == brand


def test_a_detection_tells_what_was_read_and_how_sure(tmp_path: Path) -> None:
    found, _ = matched(["NORDVlK"], ["NORDVIK"], tmp_path)
    assert found[0][:6] == (0.0, "NORDVIK", "NORDVlK", round(0.9 * 6 / 7, 4), "text", "")
    assert np.array_equal(found[0].quad, QUAD)
    assert found.notes == ("a note",)


def test_what_is_near_is_left_for_a_person(tmp_path: Path) -> None:
    found, unresolved = matched(["NORDIC", "NORDVIK", "weather"], ["NORDVIK"], tmp_path)
    assert [d.t for d in found] == [0.5]
    assert [(r.t, r.text) for r in unresolved] == [(0.0, "NORDIC")]
    assert np.array_equal(unresolved[0].quad, QUAD)


def test_the_threshold_decides(tmp_path: Path) -> None:
    assert brand_of("NORDIC", ["NORDVIK"], tmp_path, threshold=75) == "NORDVIK"
    assert brand_of("NORDVlK", ["NORDVIK"], tmp_path, threshold=99) is None


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
