"""Times of pictures: what runs backwards, what is far off, and a clock that begins anew."""

from __future__ import annotations

import pytest

from stages.video.clock import Clock
from stages.video.sampling import Shown


def placed(times: list[float], lost: tuple[int, ...] = ()) -> tuple[list[tuple[float, int]], Clock]:
    """What a clock makes of pictures at these times: each one's time and number; `lost`: those after damage."""
    clock = Clock()
    shown = clock.run_on(Shown(t, 0.5, n in lost, n) for n, t in enumerate(times))
    return [(round(one.t, 3), one.picture if not one.after_damage else -one.picture) for one in shown], clock


@pytest.mark.parametrize(
    ("times", "left", "unordered"),
    [
        ([0, 0.5, 1], [0, 1, 2], 0),
        ([], [], 0),
        ([7], [0], 0),
        ([-0.5, 0, 0.5], [1, 2], 1),  # before the file's begin
        ([0, 0.5, 0.5, 1], [0, 1, 3], 1),
        ([0, 500, 1, 1.5], [0, 2, 3], 1),  # one far off does not end the film
        ([500, 0.5, 1], [1, 2], 1),
        ([50, 50.5, 3, 51], [0, 1, 3], 1),
        ([0, 0.5, 1, 500], [0, 1, 2, 3], 0),  # nothing follows that would say otherwise
    ],
)
def test_what_fits_is_kept_at_its_time(times: list[float], left: list[int], unordered: int) -> None:
    kept, clock = placed(times)
    assert kept == [(times[n], n) for n in left]
    assert (clock.unordered, clock.restarts) == (unordered, 0)
    assert clock.end_s == (times[left[-1]] + 0.5 if left else 0)


def test_a_clock_that_begins_anew_is_counted_on() -> None:
    kept, clock = placed([0, 0.5, 1, 1.5, 2, 0, 0.5, 1, 1.5, 2, 0, 0.5])
    assert [t for t, _ in kept] == [0.5 * n for n in range(12)]
    assert (clock.unordered, clock.restarts, clock.end_s, clock.offset_s) == (0, 2, 6.0, 5.0)


def test_damage_before_a_picture_that_is_left_out_is_told_by_the_next() -> None:
    kept, _ = placed([0, 0.5, 1, 0.2, 1.5], lost=(3,))
    assert kept == [(0, 0), (0.5, 1), (1, 2), (1.5, -4)]
