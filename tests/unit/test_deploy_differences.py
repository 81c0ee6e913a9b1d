"""What is wanted against what is there."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deployments.deploying.differences import NOTHING, compare, differences

leaves = st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2) | st.lists(st.integers(0, 2))
trees = st.recursive(leaves, lambda parts: st.dictionaries(st.sampled_from("abc"), parts, max_size=3), max_leaves=8)
documents = st.dictionaries(st.sampled_from("abc"), trees, max_size=3)


def applied(there: dict[str, Any], path: str, value: Any) -> None:
    *outer, last = path.split(".")
    for key in outer:
        there = there[key]
    if value is NOTHING:
        del there[last]
    else:
        there[last] = value


@given(documents, documents)
def test_making_good_every_difference_gives_what_is_wanted(there: dict[str, Any], wanted: dict[str, Any]) -> None:
    for found in list(differences(there, wanted)):
        applied(there, found.path, found.wanted)
    assert there == wanted
    assert compare("it", there, wanted).kind == "same"


def test_what_is_not_there_is_made_and_what_differs_is_changed() -> None:
    assert compare("it", None, {"a": 1}).kind == "create"
    change = compare("it", {"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 9, "c": 2}, "e": 4})
    assert change.to_json() == {
        "what": "it",
        "kind": "change",
        "differences": [
            {"path": "a.b", "there": 1, "wanted": 9},
            {"path": "d", "there": 3},
            {"path": "e", "wanted": 4},
        ],
    }
