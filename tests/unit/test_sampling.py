"""Which pictures are looked at: those on screen at evenly spaced times."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stages.video.sampling import LONGEST_HOLD_S, Sample, Shown, sampled


def shown(times: list[float], length: float = 0.04, damaged: tuple[float, ...] = ()) -> list[Shown[float]]:
    return [Shown(t, length, t in damaged, t) for t in times]


def stood_for(samples: list[Sample[float]]) -> list[tuple[float, ...]]:
    return [(sample.t, *sample.also) for sample in samples]


def test_an_even_film() -> None:
    times = [n / 25 for n in range(50)]
    assert stood_for(list(sampled(shown(times), 0.5))) == [(0.0,), (0.48,), (1.0,), (1.48,)]


def test_a_still_picture_stands_for_the_time_it_is_shown() -> None:
    assert stood_for(list(sampled(shown([0.0, 0.1, 2.2]), 0.5))) == [(0.0,), (0.1, 1.0, 1.5, 2.0)]


def test_the_last_picture_stands_until_it_ends() -> None:
    pictures = [*shown([0.0]), Shown(0.4, 1.2, False, 0.4)]
    assert stood_for(list(sampled(pictures, 0.5))) == [(0.0,), (0.4, 1.0, 1.5)]


def test_nothing_stands_for_what_was_lost() -> None:
    assert stood_for(list(sampled(shown([0.0, 5.0], damaged=(5.0,)), 0.5))) == [(0.0,), (5.0,)]


def test_a_gap_of_hours_is_a_fault_of_the_clock() -> None:
    samples = list(sampled(shown([0.0, 90_000.0]), 1.0))
    assert len(samples[0].also) == LONGEST_HOLD_S - 1
    assert samples[1].t == 90_000.0


def test_a_film_that_begins_late_is_sampled_from_there() -> None:
    assert [s.t for s in sampled(shown([3.3, 3.8, 4.3]), 0.5)] == [3.3, 3.8, 4.3]


@given(
    gaps=st.lists(st.floats(0.001, 3), min_size=1, max_size=60),
    period=st.floats(0.02, 2),
    begin=st.floats(0, 5),
)
def test_every_sample_time_is_stood_for_once_by_the_picture_on_screen(
    gaps: list[float], period: float, begin: float
) -> None:
    times = [begin]
    for gap in gaps:
        times.append(times[-1] + gap)
    samples = list(sampled(shown(times), period))
    assert [s.t for s in samples] == sorted({s.t for s in samples})
    assert samples[0].t == begin
    ends = dict(pairwise([*times, times[-1] + 0.04]))
    for sample in samples:
        assert all(sample.t <= t + 1e-5 and t <= ends[sample.t] + 1e-5 for t in sample.also)
    count = sum(1 + len(s.also) for s in samples)
    assert abs(count - (times[-1] + 0.04 - begin) / period) <= 1.001
