"""track_exposures: sightings become exposures that cover them, and no more than they should."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.brands import track_exposures
from stages.brands.merging import merged
from stages.datatypes import Detection, Detections, Exposures, FrameWriter, MediaInfo
from tests.unit.harness import make_blobs, run_stage

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float32)
"""A hundredth of a picture of 100x100."""


def hit(t: float, brand: str = "NORDVIK", score: float = 0.9, size: float = 1.0) -> Detection:
    return Detection(t, brand, brand, score, "text", "", SQUARE * np.float32(size**0.5))


def tracked(
    hits: list[Detection],
    tmp_path: Path,
    length: float = 10,
    kept: list[int] | None = None,
    looked: list[int] | None = None,
    **config: Any,
) -> tuple[Detections, Exposures]:
    """Of two small pictures a second, those that are `kept`; those of `looked` are large ones, too (else all)."""
    blobs = make_blobs(tmp_path)
    writer = FrameWriter(blobs)
    for n in range(round(2 * length)):
        writer.add(b"", n / 2)
    motion = writer.finish(MediaInfo(length, length, 100, 100, 25), 0.5)
    frames = motion if looked is None else motion.keep(looked)
    motion = motion if kept is None else motion.keep(kept)
    reads = {"detections": Detections.of(hits), "motion": motion, "frames": frames}
    values, _ = run_stage(track_exposures.definition, config, reads, tmp_path, blobs)
    return values["detections"], values["exposures"]


def spans(exposures: Exposures) -> list[tuple[str, float, float]]:
    return [(e.brand, e.start_s, e.end_s) for e in exposures]


def test_sightings_close_together_are_one_exposure(tmp_path: Path) -> None:
    found, exposures = tracked([hit(1.0), hit(1.5), hit(3.0), hit(6.0)], tmp_path, gap=1.5)
    assert spans(exposures) == [("NORDVIK", 0.75, 3.25), ("NORDVIK", 5.75, 6.25)]
    assert list(found.exposures) == ["e0001", "e0001", "e0001", "e0002"]


def test_brands_are_kept_apart_and_numbered_by_their_beginning(tmp_path: Path) -> None:
    found, exposures = tracked([hit(1.0, "VOLTRA"), hit(1.0, "Lumora"), hit(0.5, "VOLTRA")], tmp_path)
    assert [(e.id, e.brand) for e in exposures] == [("e0001", "VOLTRA"), ("e0002", "Lumora")]
    assert list(found.exposures) == ["e0001", "e0002", "e0001"]


def test_an_exposure_stays_within_the_video(tmp_path: Path) -> None:
    _, exposures = tracked([hit(0.0), hit(0.5), hit(1.0), hit(1.5)], tmp_path, length=2)
    assert spans(exposures) == [("NORDVIK", 0.0, 1.75)]


def test_a_picture_that_stands_for_others_counts_for_their_times(tmp_path: Path) -> None:
    _, exposures = tracked([hit(1.0)], tmp_path, kept=[0, 1, 2, 8])
    assert spans(exposures) == [("NORDVIK", 0.75, 3.75)]


def test_neighbouring_samples_are_one_exposure_whatever_the_gap(tmp_path: Path) -> None:
    _, exposures = tracked([hit(1.0), hit(1.5)], tmp_path, gap=0)
    assert spans(exposures) == [("NORDVIK", 0.75, 1.75)]


def test_size_and_sureness(tmp_path: Path) -> None:
    hits = [hit(1.0, score=0.8), hit(1.0, score=0.9), hit(1.5, score=1.0, size=4)]
    exposure = tracked(hits, tmp_path)[1].rows[0]
    assert (exposure.mean_area, exposure.max_area) == (0.03, 0.04)
    assert (exposure.mean_score, exposure.best_t, exposure.seconds) == (0.9, 1.5, 1.0)


def test_the_best_picture_is_one_that_there_is_large(tmp_path: Path) -> None:
    hits = [hit(0.5, size=4), hit(1.0, size=1), hit(1.5, size=9), hit(2.0, size=2)]
    _, exposures = tracked(hits, tmp_path, looked=[0, 2, 4])
    assert exposures.rows[0].best_t == 2.0
    assert exposures.rows[0].max_area == 0.09
    _, exposures = tracked(hits[2:3], tmp_path, looked=[0, 2, 4])
    assert exposures.rows[0].best_t == 1.5, "nothing large shows it"


def test_of_pictures_that_show_it_equally_well_the_first_is_the_best(tmp_path: Path) -> None:
    _, exposures = tracked([hit(1.5), hit(1.0), hit(2.0)], tmp_path)
    assert exposures.rows[0].best_t == 1.0


def test_a_brand_twice_in_a_picture_is_one_exposure_with_both_areas(tmp_path: Path) -> None:
    _, exposures = tracked([hit(1.0), hit(1.0)], tmp_path)
    assert [(e.mean_area, e.max_area) for e in exposures] == [(0.02, 0.02)]


def test_no_sightings_no_exposures(tmp_path: Path) -> None:
    found, exposures = tracked([], tmp_path)
    assert (len(found), len(exposures)) == (0, 0)


SPANS = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 5)).map(lambda s: (s[0], s[0] + s[1])), max_size=30)


@given(SPANS, st.floats(0, 5), st.floats(0, 2))
def test_stretches_cover_every_span_once_and_lie_apart(
    given_spans: list[tuple[float, float]], gap: float, pad: float
) -> None:
    stretches = merged(given_spans, gap, pad, 200)
    assert sorted(m for s in stretches for m in s.members) == list(range(len(given_spans)))
    for stretch in stretches:
        firsts, lasts = zip(*(given_spans[m] for m in stretch.members), strict=True)
        assert stretch.begin == max(0, min(firsts) - pad)
        assert stretch.end == max(lasts) + pad
    for one, following in pairwise(stretches):
        assert following.begin >= one.end - 1e-9
        assert min(given_spans[m][0] for m in following.members) - max(given_spans[m][1] for m in one.members) > gap


@given(SPANS, st.floats(0, 5), st.floats(0, 2), st.randoms())
def test_the_order_of_spans_does_not_matter(
    given_spans: list[tuple[float, float]], gap: float, pad: float, random: Any
) -> None:
    shuffled = list(given_spans)
    random.shuffle(shuffled)
    one, other = merged(given_spans, gap, pad, 200), merged(shuffled, gap, pad, 200)
    assert [(s.begin, s.end) for s in one] == [(s.begin, s.end) for s in other]
