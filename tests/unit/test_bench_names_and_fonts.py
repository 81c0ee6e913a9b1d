"""Invented sponsors and their look-alikes; the typefaces that come with the benchmarks."""

from __future__ import annotations

import numpy as np
import pytest

from bench.names import LIKE_AT_ALL, LIKE_AT_MOST, close_ones, invent_brands, likeness, look_alikes, plain
from bench.plates import PALETTES, text_plate
from bench.typefaces import FACES, FONTS, face


@pytest.fixture(params=range(5))
def brands(request: pytest.FixtureRequest) -> list[str]:
    return invent_brands(np.random.default_rng(request.param))


def test_brands_are_of_4_to_14_letters_and_unlike_each_other(brands: list[str]) -> None:
    shown = [brand.split("|")[0] for brand in brands]
    assert len(brands) == 16
    assert all(4 <= len(plain(name)) <= 14 for name in shown)
    assert any(" " in name for name in shown)
    assert any(name.isupper() for name in shown)
    assert any("|" in brand for brand in brands)
    assert all(
        likeness(name, [other for other in brands if other != brand]) < 60
        for name, brand in zip(shown, brands, strict=True)
    )


def test_look_alikes_are_like_a_brand_and_none_of_them(brands: list[str]) -> None:
    rng = np.random.default_rng(1)
    words = look_alikes(brands, rng)
    assert len(set(words)) == 10
    assert all(50 <= likeness(word, brands) <= LIKE_AT_MOST for word in words)
    close = close_ones(brands, rng)
    assert len(close) == 2
    assert all(likeness(word, brands) <= LIKE_AT_ALL for word in close)


def test_every_bundled_font_is_used_and_has_its_licence() -> None:
    files = {path.stem for path in FONTS.glob("*.ttf")}
    assert files == set(FACES.values())
    notice = (FONTS / "NOTICE").read_text()
    for name in files:
        licence = (FONTS / f"{name.partition('-')[0]}.LICENSE.txt").read_text()
        assert "SIL Open Font License, Version 1.1" in licence or "Apache License" in licence
        assert f"{name}.ttf" in notice
    assert sum(path.stat().st_size for path in FONTS.iterdir()) < 3_000_000


@pytest.mark.parametrize("style", sorted(FACES))
def test_capitals_of_every_face_have_the_height_that_was_asked_for(style: str) -> None:
    _, top, _, bottom = face(style, 40).getbbox("H")
    assert bottom - top == pytest.approx(40, abs=2)


def test_every_palette_can_be_read() -> None:
    for style in PALETTES:
        plate = text_plate("NORDVIK", 20, style)
        assert np.ptp(plate.image.mean(2)) > 60, style
