"""The bucket: what is asked of S3, and how."""

from __future__ import annotations

import base64
import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.response import StreamingBody
from botocore.session import Session
from botocore.stub import ANY, Stubber

from stages.core import objects
from stages.core.objects import ObjectHead, ObjectStore
from stages.core.store_address import StoreAddress
from stages.core.store_client import connect
from tests.unit.stubbed_s3 import ADDRESS, client, s3, store

__all__ = ["client", "s3", "store"]

SHA256 = hashlib.sha256(b"abc")
CHECKSUM = base64.b64encode(SHA256.digest()).decode()
WHEN = datetime(2026, 11, 21, tzinfo=UTC)


class TestWhatIsAsked:
    """Every key stands below the prefix; the store itself checks what it is sent."""

    def test_put(self, s3: Stubber, store: ObjectStore) -> None:
        asked = {
            "Bucket": "clips",
            "Key": "team/a.json",
            "Body": b"abc",
            "ContentType": "application/json",
            "ChecksumSHA256": CHECKSUM,
        }
        s3.add_response("put_object", {}, asked)
        store.put("a.json", b"abc", "application/json")

    def test_get(self, s3: Stubber, store: ObjectStore) -> None:
        s3.add_response("get_object", {"Body": body(b"abc")}, {"Bucket": "clips", "Key": "team/a"})
        assert store.get("a") == b"abc"

    def test_get_a_part(self, s3: Stubber, store: ObjectStore) -> None:
        asked = {"Bucket": "clips", "Key": "team/a", "Range": "bytes=5-14"}
        s3.add_response("get_object", {"Body": body(b"0123456789")}, asked)
        assert store.get("a", 5, 10) == b"0123456789"

    def test_get_from_somewhere_to_the_end(self, s3: Stubber, store: ObjectStore) -> None:
        s3.add_response("get_object", {"Body": body(b"56")}, {"Bucket": "clips", "Key": "team/a", "Range": "bytes=5-"})
        assert store.get("a", 5) == b"56"

    def test_get_the_beginning(self, s3: Stubber, store: ObjectStore) -> None:
        s3.add_response("get_object", {"Body": body(b"01")}, {"Bucket": "clips", "Key": "team/a", "Range": "bytes=0-1"})
        assert store.get("a", size=2) == b"01"

    def test_get_a_part_of_no_bytes(self, store: ObjectStore) -> None:
        """Asks nothing: S3 takes a range of none for a wrong one, and sends the whole object."""
        assert store.get("a", 5, 0) == b""

    @pytest.mark.parametrize(
        ("kept", "sha256"),
        [(CHECKSUM, SHA256.hexdigest()), (CHECKSUM + "-3", None), (None, None)],
        ids=["of the whole", "of the parts' digests", "none"],
    )
    def test_head(self, s3: Stubber, store: ObjectStore, kept: str | None, sha256: str | None) -> None:
        answer: dict[str, Any] = {"ContentLength": 3, "ETag": '"900150983cd2"', "LastModified": WHEN}
        s3.add_response(
            "head_object",
            answer | ({"ChecksumSHA256": kept} if kept else {}),
            {"Bucket": "clips", "Key": "team/a", "ChecksumMode": "ENABLED"},
        )
        assert store.head("a") == ObjectHead(3, "900150983cd2", sha256, WHEN)

    def test_delete(self, s3: Stubber, store: ObjectStore) -> None:
        s3.add_response("delete_object", {}, {"Bucket": "clips", "Key": "team/a"})
        store.delete("a")

    def test_list(self, s3: Stubber, store: ObjectStore) -> None:
        asked = {"Bucket": "clips", "Prefix": "team/jobs/"}
        first = {"Contents": [{"Key": "team/jobs/1"}], "IsTruncated": True, "NextContinuationToken": "more"}
        s3.add_response("list_objects_v2", first, asked)
        s3.add_response("list_objects_v2", {"Contents": [{"Key": "team/jobs/2"}]}, asked | {"ContinuationToken": ANY})
        assert list(store.list("jobs/")) == ["jobs/1", "jobs/2"]

    def test_list_folders(self, s3: Stubber, store: ObjectStore) -> None:
        answer = {"CommonPrefixes": [{"Prefix": "team/jobs/1/"}, {"Prefix": "team/jobs/2/"}]}
        s3.add_response("list_objects_v2", answer, {"Bucket": "clips", "Prefix": "team/jobs/", "Delimiter": "/"})
        assert list(store.list("jobs/", folders=True)) == ["jobs/1/", "jobs/2/"]

    def test_check(self, s3: Stubber, store: ObjectStore) -> None:
        s3.add_response("head_bucket", {}, {"Bucket": "clips"})
        store.check()

    def test_what_is_saved_from_a_presigned_address_has_a_name(self) -> None:
        address = ObjectStore(ADDRESS).presigned("blobs/sha256/1", name='a "plot" é.png')
        disposition = parse_qs(urlsplit(address).query)["response-content-disposition"]
        assert disposition == ["inline; filename*=UTF-8''a%20%22plot%22%20%C3%A9.png"]

    def test_presigned(self) -> None:
        address = ObjectStore(ADDRESS).presigned("jobs/1/report.html", seconds=60)
        assert address.startswith("http://127.0.0.1:9/clips/team/jobs/1/report.html?")
        assert "X-Amz-Expires=60" in address
        assert "secret" not in address


def body(data: bytes) -> StreamingBody:
    return StreamingBody(io.BytesIO(data), len(data))


class TestAddress:
    def test_keys_are_not_shown(self) -> None:
        assert repr(ADDRESS) == "StoreAddress(bucket='clips', prefix='team/', endpoint='http://127.0.0.1:9')"
        assert ADDRESS.url == "s3://clips/team/"

    def test_a_client_gives_up_soon_and_speaks_paths(self) -> None:
        client = connect(ADDRESS)
        config = client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (2, 15)
        assert config.retries["mode"] == "standard"
        assert config.s3["addressing_style"] == "path"

    def test_nothing_of_the_users_reaches_the_client_of_a_local_store(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain = vars(connect(ADDRESS).meta.config)
        for _, variables, *_ in Session.SESSION_VARIABLES.values():
            for name in [variables] if isinstance(variables, str) else variables or []:
                monkeypatch.setenv(name, "nonsense")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", " ")
        for text in ("[default]\ndefaults_mode = nonsense\ns3 =\n  addressing_style = nonsense\n", "no [ini"):
            (tmp_path / "config").write_text(text)
            monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
            monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "config"))
            assert vars(connect(ADDRESS).meta.config) == plain

    def test_with_amazon_it_speaks_as_amazon_does(self) -> None:
        assert "addressing_style" not in (connect(StoreAddress("clips")).meta.config.s3 or {})

    def test_the_client_is_made_at_first_use_and_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[StoreAddress] = []
        monkeypatch.setattr(objects, "connect", lambda address: made.append(address) or object())
        store = ObjectStore(ADDRESS)
        assert made == []
        assert store.client is store.client
        assert made == [ADDRESS]
