"""Digests, and the one form of JSON that they are taken of."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.digests import as_json, canonical, digest_of, digest_of_json

text = st.text(st.characters(codec="utf-8"))
finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


def turned(value: Any) -> Any:
    """The same value with the keys of every dict the other way round."""
    if isinstance(value, dict):
        return {key: turned(part) for key, part in reversed(value.items())}
    return [turned(part) for part in value] if isinstance(value, list) else value


def test_digests_are_sha256() -> None:
    assert digest_of(b"abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_of_json({"b": [1, 2.5], "a": "ü"}) == digest_of('{"a":"ü","b":[1,2.5]}'.encode())


@given(value=json_values)
@settings(max_examples=50)
def test_digests_do_not_depend_on_the_order_of_keys(value: Any) -> None:
    assert canonical(value) == canonical(turned(value))
    assert repr(as_json(value)) == repr(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf], {"a": math.nan}, "\ud800"], ids=repr)
def test_nothing_that_json_cannot_hold_has_one(value: Any) -> None:
    with pytest.raises(ValueError, match=r"Out of range|surrogates not allowed"):
        digest_of_json(value)


@pytest.mark.parametrize("value", [{1, 2}, b"a", object(), {"a": [1j]}], ids=["set", "bytes", "object", "complex"])
def test_nor_what_is_no_json_at_all(value: Any) -> None:
    with pytest.raises(TypeError, match="is not JSON serializable"):
        digest_of_json(value)
