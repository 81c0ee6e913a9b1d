"""The timeline: bars that stay few and lose nothing, the share of the screen as a shape."""

from __future__ import annotations

import numpy as np

from stages.datatypes import Detection, Detections, Exposure
from stages.pages.axis import ticks
from stages.report.timeline import WIDE, bars, covered, full_share, outline, shapes

QUAD = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float32)


def exposure(begin: float, end: float, id: str = "e1") -> Exposure:
    return Exposure(id, "A", begin, end, 0.01, 0.02, 0.9, begin)


def test_times_on_the_axis_are_round() -> None:
    assert [t for t, _ in ticks(64)] == [0, 10, 20, 30, 40, 50, 60]
    assert [t for t, _ in ticks(3 * 3600)] == [1800 * n for n in range(7)]
    assert ticks(0) == []
    assert max(len(ticks(length)) for length in range(1, 400_000, 97)) <= 10


def test_overlapping_exposures_cover_time_once() -> None:
    rows = [exposure(begin, end) for begin, end in ((0, 4), (1, 2), (3, 6), (8, 9))]
    assert covered(rows) == 7


def test_a_bar_lies_where_its_exposure_does() -> None:
    drawn = bars({"A": [exposure(10, 20), exposure(50, 100)]}, 100)["A"]
    assert [(bar.x, bar.width) for bar in drawn] == [(100, 100), (500, 500)]


def test_short_exposures_are_seen_and_near_ones_are_one_bar() -> None:
    rows = [exposure(0, 0.1), exposure(3600, 3600.2), exposure(3601, 3602), exposure(10799.9, 10800)]
    drawn = bars({"A": rows}, 10_800)["A"]
    assert [len(bar.exposures) for bar in drawn] == [1, 2, 1]
    assert all(bar.width >= 2.5 and bar.x + bar.width <= WIDE for bar in drawn)
    assert round(drawn[1].seconds, 3) == 1.2


def test_where_bars_are_too_many_none_is_left_out() -> None:
    found = {f"B{n}": [exposure(t, t + 1) for t in range(n, 10_000, 40)] for n in range(20)}
    drawn = bars(found, 10_000, most=300)
    assert sum(map(len, drawn.values())) <= 300
    assert [sum(len(bar.exposures) for bar in own) for own in drawn.values()] == [len(own) for own in found.values()]


def test_the_shape_follows_the_share_of_the_screen() -> None:
    hits = [Detection(float(t), "A", "A", 0.9, "text", "e1", QUAD * (1 if t < 5 else 2)) for t in range(10)]
    hits += [Detection(2.0, "A", "A", 0.9, "text", "e1", QUAD + 50)]  # a second place adds to the first
    [shape] = shapes({"A": [exposure(0, 10)]}, Detections.of(hits), 10, 10_000)["A"]
    shares = {round(begin / 100): share for begin, _, share in shape if round(begin, 6) % 100 == 0}
    assert shares == {0: 0.01, 1: 0.01, 2: 0.02, 3: 0.01, 4: 0.01, 5: 0.04, 6: 0.04, 7: 0.04, 8: 0.04, 9: 0.04}
    assert (shape[0][0], shape[-1][1]) == (0, WIDE)


def test_an_exposure_without_detections_has_its_mean() -> None:
    assert shapes({"A": [exposure(0, 5)]}, Detections.of([]), 10, 100)["A"] == [[(0, 500, 0.01)]]


def test_one_full_screen_logo_does_not_flatten_all_others() -> None:
    assert full_share([[(0, 900, 0.02)], [(900, 910, 0.9)]]) == (0.02, True)
    assert full_share([[(0, 900, 0.021)], [(900, 910, 0.04)]]) == (0.04, False)
    assert full_share([]) == (0.01, False)


def test_an_outline_stands_on_the_line() -> None:
    assert outline([(0, 10, 0.01), (10, 20, 0.01), (20, 30, 0.02)], 0.02) == "M0 26V13H20V0H30V26Z"
    assert outline([(0, 10, 0.0)], 0.02) == "M0 26V24.8H10V26Z"
