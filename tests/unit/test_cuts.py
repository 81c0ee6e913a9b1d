"""Cuts: a splice is one; a pan, a fade of a corner and noise are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stages.video.cuts import CutFinder, changed_shades, shades
from tests.unit.luma import textured

Luma = NDArray[np.uint8]

DEFAULT = 0.4


def cuts(*pictures: Luma, least: float = DEFAULT) -> list[bool]:
    finder = CutFinder(least)
    return [finder.begins(picture) for picture in pictures]


def dark(seed: int = 1) -> Luma:
    return textured((180, 320), seed) // 3


def light(seed: int = 2) -> Luma:
    return 160 + textured((180, 320), seed) // 3


def test_a_splice_is_a_cut_and_the_first_picture_is_none() -> None:
    assert cuts(dark(), dark(), light(), light(), dark()) == [False, False, True, False, True]


def test_a_pan_is_no_cut() -> None:
    wide = textured((180, 3200), 3)
    assert not any(cuts(*(wide[:, x : x + 320] for x in range(0, 2880, 80))))


def test_noise_and_a_clock_that_runs_are_no_cut() -> None:
    rng = np.random.default_rng(4)
    pictures = [np.clip(dark().astype(int) + rng.normal(0, 6, (180, 320)), 0, 255).astype(np.uint8) for _ in range(5)]
    for n, picture in enumerate(pictures):
        picture[:20, :60] = 50 * n
    assert not any(cuts(*pictures))


def test_the_threshold_decides() -> None:
    half = dark().copy()
    half[:, :160] = light()[:, :160]
    assert cuts(dark(), half, least=0.6) == [False, False]
    assert cuts(dark(), half, least=0.3) == [False, True]


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (2000, 3), (90, 160)])
def test_pictures_of_any_size_are_compared(shape: tuple[int, int]) -> None:
    assert cuts(np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)) == [False, True]


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_what_changed_is_a_share_and_the_same_both_ways(one: int, other: int) -> None:
    rng = np.random.default_rng([one, other])
    a, b = (shades(rng.integers(0, int(rng.integers(1, 256)), (20, 30), dtype=np.uint8)) for _ in range(2))
    assert 0 <= changed_shades(a, b) <= 1 + 1e-9
    assert changed_shades(a, b) == changed_shades(b, a)
    assert changed_shades(a, a) == 0
    assert np.allclose(a.sum(1), 1)
