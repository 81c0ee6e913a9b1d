"""Values of declared types write and read themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType, find_type
from stages.core.digests import digest_of_json
from stages.core.errors import EnvelopeDamaged
from stages.core.values import StoredValue, decode_value, encode_value
from tests.unit.stored_values import Film, Unwritten, refused


class Better(Film):
    """A kind of film."""

    name = "ValuesBetterFilm"


@dataclass
class Note(DataType):
    """Nothing but a text."""

    name = "ValuesNote"

    text: str

    def encode(self, blobs: BlobStore) -> Any:
        return self.text

    @classmethod
    def decode(cls, data: Any, blobs: BlobStore) -> Note:
        return cls(data)


class TestDeclaredTypes:
    def test_a_type_writes_and_reads_its_own(self, blobs: BlobStore) -> None:
        stored = encode_value(Film("a.mp4", [1]), Film, blobs)
        assert (stored.type, stored.value) == ("ValuesFilm", {"place": "a.mp4", "content": [1]})
        assert decode_value(stored, blobs) == Film("a.mp4", [1])

    def test_the_digest_is_of_what_counts_as_content(self, blobs: BlobStore) -> None:
        here, there, other = (
            encode_value(film, Film, blobs).digest for film in (Film("a", [1]), Film("b", [1]), Film("a", [2]))
        )
        assert here == there == digest_of_json(["ValuesFilm", [1]])
        assert here != other

    def test_all_of_a_value_counts_where_its_type_says_nothing_else(self, blobs: BlobStore) -> None:
        first, second = (encode_value(Note(text), Note, blobs).digest for text in ("a", "b"))
        assert first == digest_of_json(["ValuesNote", "a"])
        assert first != second

    def test_a_value_of_a_derived_type_is_kept_as_what_it_is(self, blobs: BlobStore) -> None:
        stored = encode_value(Better("a", [1]), Film, blobs)
        assert stored.type == "ValuesBetterFilm"
        assert type(decode_value(stored, blobs)) is Better
        assert stored.digest != encode_value(Film("a", [1]), Film, blobs).digest

    def test_another_value_than_declared(self, blobs: BlobStore) -> None:
        assert refused({"a": 1}, blobs, Film) == "is declared ValuesFilm, but the stage gave a dict"
        assert refused(Film("a", []), blobs, Better) == "is declared ValuesBetterFilm, but the stage gave a Film"

    def test_a_type_that_is_no_longer_there(self, blobs: BlobStore) -> None:
        for stored in (StoredValue("ValuesFilms", {}, ""), StoredValue(None, {"$type": "ValuesFilms", "is": {}}, "")):
            with pytest.raises(EnvelopeDamaged) as e:
                decode_value(stored, blobs)
            assert str(e.value).startswith(
                "A stored value cannot be read: There is no data type 'ValuesFilms'; did you mean 'ValuesFilm'? "
            )
            assert e.value.context == {"type": "ValuesFilms"}

    def test_types_are_found_by_name_or_class(self) -> None:
        assert find_type("ValuesFilm") is find_type(Film) is Film

    def test_types_fit_where_either_derives_from_the_other(self) -> None:
        assert Film.is_compatible_with(Better)
        assert Better.is_compatible_with(Film)
        assert not Film.is_compatible_with(Unwritten)
