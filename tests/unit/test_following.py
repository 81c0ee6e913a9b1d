"""Following regions through made-up pictures: what appears, moves, is covered, comes back, leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from stages.text.following import REACH, REACH_CLEAR, Follower
from stages.text.region import Picture, Seen
from tests.unit.luma import Luma, Quad, rectangle, textured

RATE = 6.25
SIZE = (180, 320)
BACKGROUND = textured(SIZE, 1, grain=40) // 4 + 60
BOARD = textured((24, 80), 2)
OTHER_BOARD = textured((24, 80), 3)

Places = Mapping[int, list[Quad]]


def pasted(picture: Luma, board: Luma, x: int, y: int) -> Luma:
    """A picture with a board at a place, as much of it as fits."""
    made = picture.copy()
    height, width = picture.shape
    left, right, top, bottom = max(0, x), min(width, x + board.shape[1]), max(0, y), min(height, y + board.shape[0])
    if right > left and bottom > top:
        made[top:bottom, left:right] = board[top - y : bottom - y, left - x : right - x]
    return made


def followed(
    count: int, paint: Callable[[int], Luma], boxes: Places, cuts: tuple[int, ...] = ()
) -> list[dict[int, Seen]]:
    """What was followed, by the number of the picture, through pictures painted one by one. Searched are those that
    `boxes` lists."""
    follower, times = Follower(1.0), {}
    for n in range(count):
        times[n] = n / RATE
        follower.see(Picture(n, times[n], paint(n), n in cuts), boxes.get(n))
    return [dict(region) for region in follower.regions(times)]


def at(x: float, y: float = 70, width: float = 80, height: float = 24) -> Quad:
    return rectangle(x, y, width, height)


def off(seen: Seen, quad: Quad) -> float:
    return float(np.abs(seen.quad - quad).max())


def still(board: Luma = BOARD, x: int = 100) -> Callable[[int], Luma]:
    picture = pasted(BACKGROUND, board, x, 70)
    return lambda n: picture


def test_what_moves_is_followed_from_one_search_to_the_next() -> None:
    [region] = followed(
        13, lambda n: pasted(BACKGROUND, BOARD, 40 + 6 * n, 70), {0: [at(40)], 6: [at(76)], 12: [at(112)]}
    )
    assert sorted(region) == list(range(13))
    assert all(off(seen, at(40 + 6 * n)) < 1.5 for n, seen in region.items())
    assert all(seen.visible == 1 for seen in region.values())
    assert [n for n, seen in region.items() if seen.found] == [0, 6, 12]


def test_it_is_followed_back_to_where_it_came_from() -> None:
    def paint(n: int) -> Luma:
        return pasted(BACKGROUND, BOARD, 40 + 5 * n, 70) if n >= 4 else BACKGROUND

    [region] = followed(9, paint, {0: [], 8: [at(80)]})
    seen = [n for n in sorted(region) if region[n].visible >= 0.4]
    assert seen == [4, 5, 6, 7, 8]
    assert all(off(region[n], at(40 + 5 * n)) < 1.5 for n in seen)


def test_it_is_not_followed_back_over_a_cut() -> None:
    [region] = followed(9, still(), {8: [at(100)]}, cuts=(5,))
    assert sorted(region) == [5, 6, 7, 8]


def test_what_is_covered_for_a_while_is_hidden_and_then_the_same_again() -> None:
    def paint(n: int) -> Luma:
        picture = pasted(BACKGROUND, BOARD, 60 + 3 * n, 70)
        if 5 <= n <= 9:
            picture[40:130, 40:220] = 30
        return picture

    [region] = followed(19, paint, {0: [at(60)], 6: [], 12: [at(96)], 18: [at(114)]})
    assert all(region[n].visible == 0 for n in range(5, 10))
    assert all(region[n].visible >= 0.8 for n in (*range(5), *range(11, 19)))
    assert all(off(region[n], at(60 + 3 * n)) < 2 for n in range(11, 19))


def test_a_bar_before_a_part_of_it_leaves_the_rest() -> None:
    def paint(n: int) -> Luma:
        picture = pasted(BACKGROUND, BOARD, 100, 70)
        if n >= 3:
            picture[:, 130:160] = 30
        return picture

    [region] = followed(6, paint, {0: [at(100)]})
    assert all(0.2 < region[n].visible < 0.9 for n in range(3, 6))
    assert all(off(region[n], at(100)) < 1.5 for n in range(3, 6))


def test_what_leaves_the_picture_is_given_up() -> None:
    [region] = followed(13, lambda n: pasted(BACKGROUND, BOARD, 200 + 15 * n, 70), {0: [at(200)]})
    assert max(region) < 11
    assert region[3].visible == 1
    assert region[max(region)].visible < 1 or off(region[max(region)], at(200 + 15 * max(region))) < 3


def test_what_is_not_found_again_is_told_only_a_little_longer() -> None:
    [region] = followed(60, still(), {0: [at(100)], 6: [at(100)], **{n: [] for n in range(12, 60, 6)}})
    assert 6 / RATE + REACH_CLEAR - 2 / RATE < max(region) / RATE <= 6 / RATE + REACH_CLEAR


def test_and_less_long_while_only_a_part_of_it_is_to_be_seen() -> None:
    def half_covered(n: int) -> Luma:
        picture = pasted(BACKGROUND, BOARD, 100, 70)
        if n > 6:
            picture[65:100, 140:190] = 90
        return picture

    [region] = followed(60, half_covered, {0: [at(100)], 6: [at(100)], **{n: [] for n in range(12, 60, 6)}})
    assert 6 / RATE + REACH - 2 / RATE < max(region) / RATE <= 6 / RATE + REACH


def test_a_cut_ends_it() -> None:
    def paint(n: int) -> Luma:
        return pasted(BACKGROUND, BOARD, 100, 70) if n < 4 else pasted(255 - BACKGROUND, OTHER_BOARD, 100, 70)

    one, other = followed(9, paint, {0: [at(100)], 4: [at(100)], 8: [at(100)]}, cuts=(4,))
    assert max(one) == 4
    assert one[4].visible < 0.7
    assert sorted(other) == [4, 5, 6, 7, 8]


def test_over_a_cut_nothing_moves() -> None:
    def paint(n: int) -> Luma:
        return pasted(BACKGROUND, BOARD, 100 if n < 4 else 115, 70)

    one, other = followed(9, paint, {0: [at(100)], 4: [at(115)], 8: [at(115)]}, cuts=(4,))
    assert (min(one), max(one), min(other), max(other)) == (0, 4, 4, 8)


def test_unless_it_stays_where_it_is() -> None:
    def paint(n: int) -> Luma:
        return pasted(BACKGROUND if n < 4 else 255 - BACKGROUND, BOARD, 100, 70)

    [region] = followed(9, paint, {0: [at(100)], 4: [at(100)], 8: [at(100)]}, cuts=(4,))
    assert sorted(region) == list(range(9))
    assert all(seen.visible == 1 for seen in region.values())


def test_two_side_by_side_stay_two_though_one_box_covers_both() -> None:
    both = pasted(pasted(BACKGROUND, BOARD, 60, 70), OTHER_BOARD, 144, 70)
    regions = followed(7, lambda n: both, {0: [at(60), at(144)], 3: [at(60, width=164)], 6: [at(60), at(144)]})
    assert len(regions) == 2
    assert all(off(seen, at(x)) < 2 for region, x in zip(regions, (60, 144), strict=True) for seen in region.values())


def test_a_box_that_shows_more_of_it_is_what_is_followed_from_then_on() -> None:
    whole = still(textured((24, 160), 4), 80)
    [region] = followed(7, whole, {0: [at(80, width=80)], 3: [at(80, width=160)], 6: [at(80, width=160)]})
    assert off(region[0], at(80, width=80)) == 0
    assert all(off(region[n], at(80, width=160)) < 1 for n in range(3, 7))


def test_where_it_is_found_again_is_where_it_is() -> None:
    [region] = followed(7, still(), {0: [at(100)], 3: [at(103)], 6: [at(100)]})
    assert off(region[3], at(103)) == 0


def test_a_box_of_a_part_does_not_make_it_smaller() -> None:
    [region] = followed(7, still(), {0: [at(100)], 3: [at(100, width=40)], 6: [at(100)]})
    assert all(off(seen, at(100)) < 1 for seen in region.values())
    assert all(seen.visible >= 0.5 for seen in region.values())


def test_another_text_in_the_same_place_is_another_region() -> None:
    def paint(n: int) -> Luma:
        return pasted(BACKGROUND, BOARD if n < 4 else OTHER_BOARD, 100, 70)

    one, other = followed(13, paint, {0: [at(100)], 6: [at(100)], 12: [at(100)]})
    assert all(seen.visible < 0.5 for n, seen in one.items() if n >= 4)
    assert min(n for n, seen in other.items() if seen.visible >= 0.5) == 4


def test_a_text_without_features_is_not_made_up() -> None:
    [region] = followed(4, lambda n: np.full(SIZE, 90, np.uint8), {0: [at(100)]})
    assert [n for n, seen in region.items() if seen.visible > 0] == [0]


def test_nothing_found_nothing_followed() -> None:
    assert followed(4, still(), {0: [], 3: []}) == []


@pytest.mark.parametrize("quad", [at(-30), at(290), at(100, y=-10), at(100, y=170), at(0, 0, 320, 180)])
def test_boxes_over_the_edge_do_no_harm(quad: Quad) -> None:
    regions = followed(4, still(), {0: [quad], 3: [quad]})
    assert all(np.isfinite(seen.quad).all() and 0 <= seen.visible <= 1 for r in regions for seen in r.values())
