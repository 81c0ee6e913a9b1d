"""Pieces of a name that are followed apart: they belong together where they stand together."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.brands.evidence import Name
from stages.brands.names import aliases_of
from stages.brands.pieces import with_pieces
from stages.brands.votes import Opinion
from stages.datatypes import Reading, TrackPoint, Tracks
from tests.unit.luma import rectangle

Quad = NDArray[np.float32]

LEFT, RIGHT = rectangle(10, 50, 80, 20), rectangle(110, 50, 60, 20)
WHOLE = rectangle(10, 50, 160, 20)
EACH = (0.0, 1.0, 2.0, 3.0)


def shown(
    *tracks: tuple[str, Quad], times: dict[int, tuple[float, ...]] | None = None, hidden: tuple[int, ...] = ()
) -> dict[int, set[str]]:
    """The brands that tracks show, each with what is read there, its place, and the times at which it is there."""
    names = [Name.of(alias) for alias in aliases_of(["NORDVIK", "Kestrel Air"])]
    points = [
        TrackPoint(track, t, 0.1 if track in hidden else 1.0, False, quad)
        for track, (_, quad) in enumerate(tracks)
        for t in (times or {}).get(track, EACH)
    ]
    opinions = {
        track: Opinion.of([Reading(track, 0, text, 0.97, "", quad)], names, 84)
        for track, (text, quad) in enumerate(tracks)
    }
    accepted = {track: one.accepted(84) for track, one in opinions.items()}
    found = with_pieces(accepted, opinions, Tracks.of(points))
    return {track: {alias.brand for alias in aliases} for track, aliases in found.items()}


def test_pieces_in_one_line_make_the_name_together() -> None:
    assert shown(("NORD", LEFT), ("VIK", RIGHT)) == {0: {"NORDVIK"}, 1: {"NORDVIK"}}
    assert shown(("VIK", RIGHT), ("NORD", LEFT)) == {0: {"NORDVIK"}, 1: {"NORDVIK"}}


def test_and_along_a_line_that_is_tilted() -> None:
    turn = np.array([[0.9, 0.436], [-0.436, 0.9]], np.float32)
    assert shown(("NORD", LEFT @ turn), ("VIK", RIGHT @ turn)) == {0: {"NORDVIK"}, 1: {"NORDVIK"}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("VIK", LEFT), ("NORD", RIGHT)),
        (("NORD", LEFT), ("VIK", RIGHT + np.float32((0, 30)))),
        (("NORD", LEFT), ("VIK", RIGHT + np.float32((300, 0)))),
        (("NORD", LEFT), ("VIK", rectangle(110, 20, 160, 80))),
        (("NORD", LEFT), ("NORD", RIGHT)),
        (("NORD", LEFT), ("AIR", RIGHT)),
    ],
    ids=["wrong order", "another line", "far away", "larger", "the same piece", "of another name"],
)
def test_otherwise_they_do_not(one: tuple[str, Quad], other: tuple[str, Quad]) -> None:
    assert shown(one, other) == {0: set(), 1: set()}


def test_nor_at_different_times_or_when_hidden() -> None:
    assert shown(("NORD", LEFT), ("VIK", RIGHT), times={1: (7.0, 8.0)}) == {0: set(), 1: set()}
    assert shown(("NORD", LEFT), ("VIK", RIGHT), times={1: (3.0,)}) == {0: set(), 1: set()}
    assert shown(("NORD", LEFT), ("VIK", RIGHT), hidden=(0,)) == {0: set(), 1: set()}


def test_a_piece_in_the_place_of_the_whole_belongs_to_it() -> None:
    assert shown(("NORDVIK", WHOLE), ("VIK", RIGHT)) == {0: {"NORDVIK"}, 1: {"NORDVIK"}}
    assert shown(("NORDVIK", WHOLE), ("VIK", RIGHT + np.float32((200, 0)))) == {0: {"NORDVIK"}, 1: set()}
    assert shown(("NORDVIK", WHOLE), ("AIR", RIGHT)) == {0: {"NORDVIK"}, 1: set()}


def test_a_track_that_shows_another_name_keeps_it() -> None:
    assert shown(("NORDVIK", WHOLE), ("KESTREL AIR", RIGHT)) == {0: {"NORDVIK"}, 1: {"Kestrel Air"}}


def test_no_tracks_no_pieces() -> None:
    assert shown() == {}
