"""Where a region moves between two small pictures, and how much of it is still to be seen."""

from __future__ import annotations

import numpy as np
import pytest

from stages.text.flow import moved
from stages.text.patch import HEIGHT, Patch, area, overlap
from tests.unit.luma import Quad, carried, rectangle, textured, turning, warped

PLACE = rectangle(120, 70, 80, 24)
PICTURE = textured((180, 320), 11)
STILL = np.zeros(2, np.float32)


def off(one: Quad | None, other: Quad) -> float:
    """How far a corner is off at most, pixels."""
    assert one is not None
    return float(np.abs(one - other).max())


@pytest.mark.parametrize(
    ("degrees", "scale", "by"),
    [(0, 1, (6, -3)), (0, 1, (0.5, 0.25)), (4, 1, (2, 1)), (0, 1.05, (0, 0)), (-3, 0.96, (-4, 2))],
)
def test_a_patch_that_moved_turned_or_grew_is_found(degrees: float, scale: float, by: tuple[float, float]) -> None:
    affine = turning((160, 82), degrees, scale, by)
    [found] = moved(PICTURE, warped(PICTURE, affine), [PLACE], [STILL])
    assert off(found, carried(PLACE, affine)) < 0.5


def test_a_long_way_is_found_where_it_is_expected() -> None:
    affine = turning((160, 82), by=(60, 0))
    [found] = moved(PICTURE, warped(PICTURE, affine), [PLACE], [np.array([58, 1], np.float32)])
    assert off(found, carried(PLACE, affine)) < 0.5


def test_what_has_no_features_is_not_found() -> None:
    grey = np.full((180, 320), 90, np.uint8)
    assert moved(grey, grey, [PLACE, PLACE + 3], [STILL, STILL]) == [None, None]
    assert moved(grey, grey, [], []) == []


def test_regions_do_not_disturb_each_other() -> None:
    hidden = PICTURE.copy()
    hidden[60:100, 110:210] = 90
    nothing, found = moved(hidden, hidden, [PLACE, PLACE + np.float32((0, 60))], [STILL, STILL])
    assert nothing is None
    assert off(found, PLACE + np.float32((0, 60))) < 0.2


@pytest.mark.parametrize("place", [rectangle(-60, -20, 50, 10), rectangle(400, 10, 80, 20), rectangle(10, 10, 2, 2)])
def test_what_lies_beyond_the_picture_or_is_tiny_is_not_found(place: Quad) -> None:
    assert moved(PICTURE, PICTURE, [place], [STILL]) == [None]


def test_what_is_replaced_by_something_else_is_not_found() -> None:
    [found] = moved(PICTURE, textured((180, 320), 12), [PLACE], [STILL])
    assert found is None or Patch(PICTURE, PLACE).visible(textured((180, 320), 12), found)[0] < 0.5


def test_all_of_a_patch_is_seen_where_it_was() -> None:
    share, quad = Patch(PICTURE, PLACE).visible(PICTURE, PLACE)
    assert share == 1
    assert off(quad, PLACE) < 0.01


def test_the_visible_share_falls_with_what_is_covered() -> None:
    patch, shares = Patch(PICTURE, PLACE), []
    for covered in (0, 20, 40, 60, 80):
        picture = PICTURE.copy()
        picture[60:110, 120 : 120 + covered] = 128
        shares.append(patch.visible(picture, PLACE)[0])
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1
    assert 0.25 <= shares[2] <= 0.75
    assert shares[-1] == 0


def test_light_and_contrast_do_not_matter() -> None:
    assert Patch(PICTURE, PLACE).visible((PICTURE // 3 + 90).astype(np.uint8), PLACE)[0] == 1


def test_other_texture_is_not_the_same() -> None:
    assert Patch(PICTURE, PLACE).visible(textured((180, 320), 12), PLACE)[0] <= 0.25


@pytest.mark.parametrize("by", [(2, 0), (0, -2), (-3, 2)])
def test_a_quad_that_drifted_is_set_right(by: tuple[float, float]) -> None:
    share, quad = Patch(PICTURE, PLACE).visible(PICTURE, PLACE + np.float32(by))
    assert share == 1
    assert off(quad, PLACE) < 1.0


def test_a_quad_that_drifted_far_is_left_alone() -> None:
    away = PLACE + np.float32((40, 30))
    share, quad = Patch(PICTURE, PLACE).visible(PICTURE, away)
    assert share < 0.4
    assert off(quad, away) == 0


@pytest.mark.parametrize(
    "quad", [np.full((4, 2), np.nan, np.float32), rectangle(5, 5, 3, 2), rectangle(500, 500, 80, 24)]
)
def test_nothing_is_seen_of_what_is_nowhere(quad: Quad) -> None:
    assert Patch(PICTURE, PLACE).visible(PICTURE, quad)[0] == 0


def test_a_patch_without_features_is_never_seen() -> None:
    grey = np.full((180, 320), 90, np.uint8)
    assert Patch(grey, PLACE).visible(grey, PLACE)[0] == 0


def test_a_patch_is_as_wide_as_its_quad_within_bounds() -> None:
    widths = [Patch(PICTURE, rectangle(10, 10, *size)).width for size in ((80, 20), (10, 40), (300, 4))]
    assert widths == [4 * HEIGHT, HEIGHT, 320]


def test_areas_of_quads_and_what_two_share() -> None:
    tilted = np.array([[5, 0], [10, 5], [5, 10], [0, 5]], np.float32)
    assert area(tilted) == 50
    assert overlap(rectangle(0, 0, 10, 10), rectangle(5, 5, 10, 10)) == pytest.approx(25)
    assert overlap(rectangle(0, 0, 10, 10), rectangle(20, 5, 10, 10)) == 0
