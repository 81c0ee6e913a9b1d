"""What cannot be written is refused by name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from stages.core.blobs import BlobStore
from stages.core.errors import StoreUnreachable
from stages.core.values import encode_value
from tests.unit.stored_values import Film, Unwritten, refused


class TestRefused:
    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            (object(), "object"),
            ({1, 2}, "set"),
            (1j, "complex"),
            (np.complex128(1j), "complex"),
            (np.longdouble(1), "longdouble"),
            (np.array([object()]), "ndarray"),
            (np.zeros(2, [("a", object)]), "ndarray"),
            (np.ma.masked_array([1, 2], [True, False]), "MaskedArray"),
        ],
        ids=lambda case: case if isinstance(case, str) else "",
    )
    def test_what_has_no_form_of_its_own(self, value: Any, kind: str, blobs: BlobStore) -> None:
        rest = "which has no form of its own in the store; give JSON, bytes, a numpy array or a data type, or declare"
        assert refused(value, blobs) == f"is a {kind}, {rest} a serialize_fn"
        assert refused({"found": [1, value]}, blobs) == f"at found[1] is a {kind}, {rest} a serialize_fn"

    @pytest.mark.parametrize("key", [0, 1, None, False, 2.5, ("a", "b")])
    def test_keys_that_are_no_text(self, key: Any, blobs: BlobStore) -> None:
        assert refused({key: 1}, blobs) == f"has the key {key!r}; keys must be text"
        assert refused([{"a": {"b": 1, key: 1}}], blobs) == f"at [0].a has the key {key!r}; keys must be text"

    def test_half_a_character(self, blobs: BlobStore) -> None:
        assert refused({"name": "caf\udce9"}, blobs) == (
            "at name is text that UTF-8 cannot hold (surrogates not allowed): 'caf\\udce9'"
        )
        assert refused({"\ud800": 1}, blobs).startswith("is text that UTF-8 cannot hold")

    def test_a_type_that_does_not_say_how(self, blobs: BlobStore) -> None:
        assert not Unwritten.can_write()
        assert refused(Unwritten(), blobs) == "cannot be written by ValuesUnwritten.encode: NotImplementedError: "

    def test_a_type_that_gives_what_is_not_json(self, blobs: BlobStore) -> None:
        assert refused([Film("a", [math.nan])], blobs).startswith(
            "at [0] cannot be written: ValuesFilm.encode gave what is not JSON: Out of range float values"
        )
        assert "gave what is not JSON: Object of type set is not JSON serializable" in refused(Film("a", [{1}]), blobs)

    def test_a_fault_of_the_store_is_one(self, blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
        def dead(*args: Any) -> Any:
            raise StoreUnreachable("The store does not answer.")

        monkeypatch.setattr(Film, "encode", dead)
        with pytest.raises(StoreUnreachable):
            encode_value(Film("a", []), Film, blobs)
