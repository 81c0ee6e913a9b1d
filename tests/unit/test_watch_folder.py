"""What is watched: the folder's address, the objects in it, and the names that are made of them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st

from flows.jobs.job import check_job_id
from flows.watch.folder import Folder, Found, folder_uri
from flows.watch.note import Note, job_id_of, run_key, watch_id
from stages.core.errors import CheckpointError, UsageError
from stages.core.objects import ObjectStore
from stages.core.store_address import StoreAddress
from tests.unit.stubbed_s3 import client, s3, store

__all__ = ["client", "s3", "store"]

OWN = StoreAddress("clips", "team/", "http://127.0.0.1:9")
WHEN = datetime(2026, 11, 22, tzinfo=UTC)
FOUND = Found("s3://clips/team/in/a.mp4", "a.mp4", "e1", 3, WHEN)


class TestAddress:
    @pytest.mark.parametrize(
        ("given", "meant"),
        [
            ("incoming/", "s3://clips/team/incoming/"),
            ("incoming", "s3://clips/team/incoming/"),
            ("s3://films/2026/cups", "s3://films/2026/cups/"),
            ("s3://films", "s3://films/"),
            ("s3://clips/results/", "s3://clips/results/"),
        ],
    )
    def test_it_is_a_folder_of_a_bucket_or_of_the_store(self, given: str, meant: str) -> None:
        assert folder_uri(given, OWN) == meant

    @pytest.mark.parametrize("given", ["/mnt/films", "~/films", "./films", "http://films/in/", "s3://", "s3:///in/"])
    def test_nothing_else_is(self, given: str) -> None:
        with pytest.raises(UsageError, match=r"cannot be watched: give s3://bucket/folder/"):
            folder_uri(given, OWN)

    @pytest.mark.parametrize("given", ["jobs", "results/read_text/", "s3://clips/team/watch/"])
    def test_what_stagewright_writes_is_not_watched(self, given: str) -> None:
        with pytest.raises(UsageError, match="Stagewright itself writes there"):
            folder_uri(given, OWN)


class TestObjects:
    def test_all_pages_are_read_without_folders_and_what_stagewright_writes(
        self, s3: Stubber, store: ObjectStore
    ) -> None:
        def page(*keys: str) -> dict[str, object]:
            return {"Contents": [{"Key": key, "ETag": '"e1"', "Size": 3, "LastModified": WHEN} for key in keys]}

        asked = {"Bucket": "clips", "Prefix": "team/"}
        first = page("team/in/", "team/in/a.mp4", "team/jobs/1/best.mp4")
        s3.add_response("list_objects_v2", first | {"IsTruncated": True, "NextContinuationToken": "more"}, asked)
        s3.add_response("list_objects_v2", page("team/in/b.mp4"), asked | {"ContinuationToken": ANY})
        folder = Folder("s3://clips/team/", store.address)
        assert [found.name for found in folder.objects()] == ["in/a.mp4", "in/b.mp4"]

    def test_what_is_told_of_them(self, s3: Stubber, store: ObjectStore) -> None:
        told = {"Key": "team/in/a.mp4", "ETag": '"e1"', "Size": 3, "LastModified": WHEN}
        s3.add_response("list_objects_v2", {"Contents": [told]}, {"Bucket": "clips", "Prefix": "team/in/"})
        assert list(Folder("s3://clips/team/in/", store.address).objects()) == [FOUND]

    @pytest.mark.parametrize("key", ["a.mp4", "a b?c#d%20e.mp4", "ü/ß.mp4", "x//y.mp4", "?a"])
    def test_any_key_that_an_address_can_hold_will_do(self, key: str) -> None:
        assert replace(FOUND, uri=f"s3://clips/{key}").fault is None

    @pytest.mark.parametrize("key", ["a\nb.mp4", "a\tb", "/a.mp4", "a?"])
    def test_others_are_told(self, key: str) -> None:
        assert "cannot be an address" in str(replace(FOUND, uri=f"s3://clips/{key}").fault)

    def test_an_empty_one_is_told(self) -> None:
        assert str(replace(FOUND, size=0).fault).startswith(f"{FOUND.uri} is empty (0 bytes)")


class TestNames:
    @given(st.text(min_size=1, max_size=300))
    def test_any_object_has_a_job_id(self, name: str) -> None:
        job_id = job_id_of("brand-exposure/default", replace(FOUND, uri=f"s3://clips/{name}"), 1)
        assert check_job_id(job_id) == job_id

    def test_a_job_is_called_by_its_object(self) -> None:
        assert job_id_of("p/d", replace(FOUND, uri="s3://clips/in/cup final.mp4"), 1).startswith("cup-final.mp4-")

    def test_jobs_and_keys_differ_by_address_content_attempt_and_deployment(self) -> None:
        cases = [
            ("p/d", FOUND, 1),
            ("p/d", FOUND, 2),
            ("p/e", FOUND, 1),
            ("p/d", replace(FOUND, etag="e2"), 1),
            ("p/d", replace(FOUND, uri="s3://clips/team/other/a.mp4"), 1),
        ]
        assert len({run_key(*case) for case in cases}) == len({job_id_of(*case) for case in cases}) == len(cases)

    def test_they_follow_from_nothing_else(self) -> None:
        later = replace(FOUND, name="in/a.mp4", modified=datetime.now(UTC), size=4)
        assert run_key("p/d", FOUND, 1) == run_key("p/d", later, 1)
        assert job_id_of("p/d", FOUND, 1) == job_id_of("p/d", later, 1)

    def test_a_watch_is_called_by_its_folder_and_deployment(self) -> None:
        assert watch_id("s3://clips/in/", "brand-exposure/default").startswith("in-brand-exposure-default-")
        assert watch_id("s3://clips/in/", "p/d") != watch_id("s3://films/in/", "p/d")


class TestNote:
    NOTE = Note("s3://clips/in/ü.mp4", "e1", 3, "2026-11-22T10:00:00.000+00:00", "refused", error="„no“")

    def test_it_comes_back_as_it_was(self) -> None:
        assert Note.from_bytes(self.NOTE.to_bytes(), "there") == self.NOTE
        assert "„no“" in self.NOTE.to_bytes().decode()

    def test_the_one_that_is_shown_in_the_documentation_is_one(self) -> None:
        page = Path(__file__).parents[2] / "docs" / "watching.md"
        [shown] = re.findall(r"^```json\n(.*?)^```$", page.read_text(), re.M | re.S)
        note = Note.from_bytes(shown.encode(), "there")
        assert note.to_bytes().decode() == shown.strip()
        assert job_id_of("arena/default", replace(FOUND, uri=note.uri, etag=note.etag), 1) == note.job_id

    @pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": 2}', b'{"format": 1}', b"\xff"])
    def test_what_is_none_is_told(self, data: bytes) -> None:
        with pytest.raises(CheckpointError, match=r"^s3://clips/watch/1.json is no note of format 1"):
            Note.from_bytes(data, "s3://clips/watch/1.json")
