"""Envelopes: documents that a person can read, and that nobody can change without its being noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.core.digests import digest_of, digest_of_json
from stages.core.envelope import Envelope
from stages.core.errors import EnvelopeDamaged
from stages.core.values import StoredValue

ENVELOPE = Envelope(
    stage="match_brands",
    version="1+0123456789ab",
    key="match_brands/0123.json",
    settings={"threshold": 84.0, "brands": ["NORDVIK", "Altamira Bank|Altamira", "횟집"]},
    reads={"text": "sha256:11"},
    writes={
        "detections": StoredValue("Detections", {"rows": 1e300, "notes": ["ä€𝄞"]}, "sha256:22"),
        "count": StoredValue(None, 3, "sha256:33"),
    },
    blobs=[{"blob": digest_of(b"abc"), "size": 3, "media_type": "text/plain"}],
    failed={"count": 1, "items": [{"index": 4, "kind": "ValueError", "message": "no picture"}]},
    summary={"detections": {"rows": 1}},
    metrics={"match": {"seen": 20}},
    job="20261121-1",
    made="2026-11-21T23:15:00.000+00:00",
    seconds=1.25,
)

text = st.text(st.characters(codec="utf-8"))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
envelopes = st.builds(
    Envelope,
    stage=text,
    version=text,
    key=text,
    settings=st.dictionaries(text, json_values, max_size=3),
    reads=st.dictionaries(text, text, max_size=3),
    writes=st.dictionaries(text, st.builds(StoredValue, st.none() | text, json_values, text), max_size=3),
    own=st.none() | st.dictionaries(text, json_values, max_size=3),
    summary=st.dictionaries(text, json_values, max_size=2),
    seconds=st.floats(0, 1e6),
)


def damage(data: bytes) -> str:
    with pytest.raises(EnvelopeDamaged) as e:
        Envelope.from_bytes(data, "s3://bucket/results/x.json")
    assert e.value.context == {"uri": "s3://bucket/results/x.json"}
    message = str(e.value)
    assert message.startswith("The stored result s3://bucket/results/x.json ")
    assert message.endswith(". Run again with --refresh and the stage's name to replace it.")
    return message[len("The stored result s3://bucket/results/x.json ") :].split(". Run again")[0]


def with_sum(content: dict[str, Any]) -> bytes:
    return json.dumps({**content, "sum": digest_of_json(content)}).encode()


@given(envelope=envelopes)
@example(envelope=ENVELOPE)
def test_what_is_written_is_read(envelope: Envelope) -> None:
    assert Envelope.from_bytes(envelope.to_bytes(), "here") == envelope


@given(place=st.integers(0, len(ENVELOPE.to_bytes()) - 1), byte=st.integers(0, 255))
@example(place=ENVELOPE.to_bytes().index(b"e+300") + 2, byte=ord("9"))  # 1e+900 is infinite
@example(place=ENVELOPE.to_bytes().index("횟".encode()), byte=0xED)
@example(place=ENVELOPE.to_bytes().index("횟".encode()) + 1, byte=0xA0)  # half a character
@settings(max_examples=500)
def test_a_changed_byte_is_noticed_or_changes_nothing(place: int, byte: int) -> None:
    """What changes nothing is a space in place of another, between the parts of the document."""
    data = bytearray(ENVELOPE.to_bytes())
    data[place] = byte
    try:
        found = Envelope.from_bytes(bytes(data), "here")
    except EnvelopeDamaged:
        return
    assert found == ENVELOPE


@given(end=st.integers(0, len(ENVELOPE.to_bytes()) - 2))
@settings(max_examples=50)
def test_a_document_that_is_cut_short_is_noticed(end: int) -> None:
    assert damage(ENVELOPE.to_bytes()[: min(end, len(ENVELOPE.to_bytes()) - 3)]).startswith("is not JSON (")


def test_two_bytes_changed_to_half_a_character_are_noticed() -> None:
    data = ENVELOPE.to_bytes().replace("횟".encode(), b"\xed\xa0\x80")
    assert damage(data) == "does not match its own sum: it was changed or cut after it was written"


def test_the_document_is_one_that_a_person_can_read() -> None:
    lines = ENVELOPE.to_bytes().decode().splitlines()
    assert lines[0] == "{"
    assert lines[1] == ' "format": 1,'
    assert lines[2] == ' "stage": "match_brands",'
    assert lines[5] == ' "settings": {"threshold": 84.0, "brands": ["NORDVIK", "Altamira Bank|Altamira", "횟집"]},'
    assert [line.split('"')[1] for line in lines[1:-1]] == [
        "format", "stage", "version", "key", "settings", "reads", "writes", "own",
        "blobs", "failed", "summary", "metrics", "files", "job", "made", "seconds", "sum",
    ]  # fmt: skip
    assert lines[-1] == "}"


def test_equal_envelopes_are_equal_bytes() -> None:
    assert ENVELOPE.to_bytes() == Envelope.from_bytes(ENVELOPE.to_bytes(), "here").to_bytes()
    assert ENVELOPE.to_bytes() != replace(ENVELOPE, job="another").to_bytes()


def test_its_size_is_that_of_its_blobs() -> None:
    assert ENVELOPE.size == 3


class TestDamage:
    @pytest.mark.parametrize("data", [b"", b"\x80\x04", b"{", b"[" * 100_000, b"<html>"])
    def test_what_is_not_json(self, data: bytes) -> None:
        assert damage(data).startswith("is not JSON (")

    @pytest.mark.parametrize("data", [b"3", b"[]", b"{}", b'{"stage": "x"}', b"null"])
    def test_what_is_no_envelope(self, data: bytes) -> None:
        assert damage(data) == "is no envelope"

    @pytest.mark.parametrize("number", [2, 0, "1", None])
    def test_another_format(self, number: Any) -> None:
        """Even with the right sum: a later format may mean something else by the same fields."""
        content = json.loads(ENVELOPE.to_bytes())
        del content["sum"]
        assert damage(with_sum({**content, "format": number})) == (
            f"has format {number!r}; this version of Stagewright reads format 1"
        )

    def test_a_changed_digest(self) -> None:
        assert damage(ENVELOPE.to_bytes().replace(b"sha256:22", b"sha256:23")) == (
            "does not match its own sum: it was changed or cut after it was written"
        )

    def test_a_sum_that_is_gone(self) -> None:
        content = json.loads(ENVELOPE.to_bytes())
        del content["sum"]
        assert damage(json.dumps(content).encode()).startswith("does not match its own sum")
        assert damage(b'{"format": 1, "seconds": Infinity}').startswith("does not match its own sum")

    @pytest.mark.parametrize("change", [{"colour": "red"}, {"writes": [1]}, {"writes": {"a": {"kind": 1}}}])
    def test_fields_that_format_1_does_not_have(self, change: dict[str, Any]) -> None:
        content = json.loads(ENVELOPE.to_bytes())
        del content["sum"]
        assert damage(with_sum({**content, **change})).startswith("has not the fields of format 1 (")
