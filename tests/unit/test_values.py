"""Values through the store: what comes back is what was given."""

from __future__ import annotations

import io
import json
import math
from enum import IntEnum
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.blobs import BlobStore, refs_in
from stages.core.digests import digest_of
from stages.core.values import StoredValue, decode_value, encode_value, lightened
from tests.unit.stored_values import Film


class Level(IntEnum):
    low = 1


text = st.text(st.characters(codec="utf-8"))
keys = st.sampled_from(["$type", "is", "blob", "size", "media_type", "", "$"]) | text
dtypes = st.sampled_from(["<f8", ">f4", "<i8", "|u1", "|b1", "<c16", "<U3", "|S3", "<M8[s]", "<f2"])
arrays = st.tuples(dtypes, st.lists(st.integers(0, 3), max_size=3), st.binary(min_size=1, max_size=64)).map(
    lambda drawn: np.frombuffer((drawn[2] * 9000)[: 27 * np.dtype(drawn[0]).itemsize], drawn[0])[
        : math.prod(drawn[1])
    ].reshape(drawn[1])
)
plain = st.none() | st.booleans() | st.integers() | st.floats() | text | st.binary()
films = st.builds(Film, text, st.lists(st.integers()))
values = st.recursive(
    plain | films | arrays,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def same(first: Any, second: Any) -> bool:
    """Equal, and of the same kinds all the way down; NaN is NaN, and 0.0 is not -0.0."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and first.shape == second.shape and first.tobytes() == second.tobytes()
    return type(first) is type(second) and repr(first) == repr(second)


def through_the_store(value: Any, blobs: BlobStore) -> Any:
    """As between two stages: by way of JSON."""
    stored = encode_value(value, None, blobs)
    return decode_value(StoredValue(stored.type, json.loads(json.dumps(stored.value)), stored.digest), blobs)


def turned(value: Any) -> Any:
    """The same value with the keys of every dict the other way round."""
    if isinstance(value, dict):
        return {key: turned(part) for key, part in reversed(value.items())}
    return [turned(part) for part in value] if isinstance(value, list) else value


class TestRoundTrip:
    @given(value=values)
    def test_what_is_written_is_read(self, value: Any, blobs: BlobStore) -> None:
        assert same(value, through_the_store(value, blobs))

    @given(value=values)
    def test_so_it_is_where_its_json_lies_beside_the_envelope(self, value: Any, blobs: BlobStore) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("stages.core.values.LONG", 0)
            stored = encode_value(value, None, blobs)
            light = lightened(stored, blobs)
        assert light.value.keys() == {"$type", "is"}
        assert light.digest == stored.digest
        assert same(value, decode_value(light, blobs))

    @given(value=values)
    @settings(max_examples=50)
    def test_the_same_value_has_the_same_digest_whatever_the_order_of_its_keys(
        self, value: Any, blobs: BlobStore
    ) -> None:
        stored = encode_value(value, None, blobs)
        assert stored.digest == encode_value(turned(value), None, blobs).digest
        assert stored.digest == encode_value(through_the_store(value, blobs), None, blobs).digest

    @pytest.mark.parametrize(
        ("value", "read"),
        [
            ((1, (2, 3)), [1, [2, 3]]),
            (np.float32(0.5), 0.5),
            (np.int64(7), 7),
            (np.bool_(True), True),
            (np.str_("Nord"), "Nord"),
            (np.float64("nan"), float("nan")),
            (bytearray(b"ab"), b"ab"),
            (memoryview(b"ab"), b"ab"),
        ],
    )
    def test_near_relatives_of_what_can_be_written_come_back_as_it(
        self, value: Any, read: Any, blobs: BlobStore
    ) -> None:
        assert same(read, through_the_store(value, blobs))

    def test_every_reading_is_a_new_object(self, blobs: BlobStore) -> None:
        value: dict[str, Any] = {"names": ["Nord"], "film": Film("a", [1])}
        stored = encode_value(value, None, blobs)
        value["film"].content.append("changed by the writer")
        read = decode_value(stored, blobs)
        read["names"].append("changed by a reader")
        read["film"].content.append("changed by a reader")
        assert decode_value(stored, blobs) == {"names": ["Nord"], "film": Film("a", [1])}

    def test_a_value_that_was_just_written_reads_like_one_from_the_store(self, blobs: BlobStore) -> None:
        for value in ({"level": Level.low, "at": np.float64(0.5)}, Film("a", [(1, 2), {3: Level.low}])):
            just_written = decode_value(encode_value(value, None, blobs), blobs)
            assert repr(just_written) == repr(through_the_store(value, blobs))

    def test_binaries_lie_beside_the_json(self, blobs: BlobStore) -> None:
        stored = encode_value({"thumbnail": b"jpeg", "boxes": np.zeros((2, 4))}, None, blobs)
        thumbnail, boxes = refs_in(stored.value)
        assert thumbnail == {"blob": digest_of(b"jpeg"), "size": 4, "media_type": "application/octet-stream"}
        assert boxes["media_type"] == "application/x-npy"
        assert blobs.get(boxes).startswith(b"\x93NUMPY")

    def test_json_stands_as_it_is(self, blobs: BlobStore) -> None:
        value = {"t": 1.5, "names": ["Nord", None], "ok": True}
        assert encode_value(value, None, blobs).value == value

    def test_what_json_has_no_word_for_is_marked(self, blobs: BlobStore) -> None:
        assert encode_value([math.inf, math.nan], None, blobs).value == [
            {"$type": "float", "is": "inf"},
            {"$type": "float", "is": "nan"},
        ]
        assert encode_value({"$type": "mine"}, None, blobs).value == {"$type": "dict", "is": {"$type": "mine"}}

    def test_an_array_that_is_a_pickle_in_disguise_is_not_unpickled(self, blobs: BlobStore) -> None:
        buffer = io.BytesIO()
        np.save(buffer, np.array([Level.low, None]), allow_pickle=True)
        forged = StoredValue(None, {"$type": "ndarray", "is": blobs.put(buffer.getvalue())}, "")
        with pytest.raises(ValueError, match="Object arrays cannot be loaded when allow_pickle=False"):
            decode_value(forged, blobs)

    def test_a_dict_with_the_keys_of_a_reference_is_none(self, blobs: BlobStore) -> None:
        assert list(refs_in({"blob": "a song", "size": "large", "media_type": "vinyl"})) == []

    def test_json_that_looks_just_like_a_reference_is_none(self, blobs: BlobStore) -> None:
        looks = {"blob": "sha256:" + "0" * 64, "size": 5, "media_type": "text/plain"}
        stored = encode_value({"deep": [looks]}, None, blobs)
        assert not list(refs_in(stored.value))
        assert decode_value(stored, blobs) == {"deep": [looks]}
