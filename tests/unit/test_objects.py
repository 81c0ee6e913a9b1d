"""The bucket: what the answers of S3 and its silence become, and which of them may go away by themselves."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.stub import Stubber

from stages.core import objects
from stages.core.errors import BucketMissing, ObjectMissing, StoreDenied, StoreError, StoreUnreachable, UsageError
from stages.core.objects import ObjectStore
from stages.core.store_address import StoreAddress
from tests.unit.stubbed_s3 import ADDRESS, client, s3, store

__all__ = ["client", "s3", "store"]

OBJECT = "s3://clips/team/a/b.json"

Use = Callable[[ObjectStore], Any]
USES: dict[str, Use] = {
    "put": lambda store: store.put("a/b.json", b"abc"),
    "get": lambda store: store.get("a/b.json"),
    "head": lambda store: store.head("a/b.json"),
    "delete": lambda store: store.delete("a/b.json"),
    "list": lambda store: list(store.list("a/b.json")),
}
CALLS = {
    "put": "put_object",
    "get": "get_object",
    "head": "head_object",
    "delete": "delete_object",
    "list": "list_objects_v2",
}


class TestAnswers:
    @pytest.mark.parametrize("use", USES)
    @pytest.mark.parametrize(
        ("code", "kind", "message"),
        [
            ("NoSuchKey", ObjectMissing, f"{OBJECT}: there is no such object in the store."),
            ("404", ObjectMissing, f"{OBJECT}: there is no such object in the store."),
            (
                "NoSuchBucket",
                BucketMissing,
                "The store has no bucket 'clips'. Create it, or set STAGEWRIGHT_S3_BUCKET to one that is there.",
            ),
            (
                "AccessDenied",
                StoreDenied,
                f"{OBJECT}: the store refuses this key (AccessDenied). "
                "Check the AWS credentials and what they may do.",
            ),
            ("SlowDown", StoreUnreachable, f"{OBJECT}: the store is not ready (SlowDown); try again later."),
        ],
        ids=lambda value: value if isinstance(value, str) and " " not in value else "",
    )  # fmt: skip
    def test_become_errors_that_name_the_object(
        self, s3: Stubber, store: ObjectStore, use: str, code: str, kind: type[StoreError], message: str
    ) -> None:
        s3.add_client_error(CALLS[use], code)
        with pytest.raises(kind) as e:
            USES[use](store)
        assert type(e.value) is kind
        assert str(e.value) == message
        assert e.value.context == {"uri": OBJECT}

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("403", StoreDenied),
            ("InvalidAccessKeyId", StoreDenied),
            ("SignatureDoesNotMatch", StoreDenied),
            ("ExpiredToken", StoreDenied),
            ("InvalidToken", StoreDenied),
            ("429", StoreUnreachable),
            ("500", StoreUnreachable),
            ("503", StoreUnreachable),
            ("InternalError", StoreUnreachable),
            ("ServiceUnavailable", StoreUnreachable),
            ("RequestTimeout", StoreUnreachable),
            ("InvalidRange", StoreError),
            ("301", StoreError),
        ],
    )
    def test_by_code(self, s3: Stubber, store: ObjectStore, code: str, kind: type[StoreError]) -> None:
        s3.add_client_error("get_object", code, "told by the store")
        with pytest.raises(StoreError) as e:
            store.get("a")
        assert type(e.value) is kind
        assert code in str(e.value)
        assert isinstance(e.value.__cause__, boto.ClientError)

    def test_an_answer_that_nobody_knows_is_shown_whole(self, s3: Stubber, store: ObjectStore) -> None:
        s3.add_client_error("get_object", "Teapot", "short and stout")
        with pytest.raises(StoreError, match=r"^s3://clips/team/a: the store answered Teapot: .*short and stout$"):
            store.get("a")

    @pytest.mark.parametrize("code", ["404", "NotFound", "NoSuchBucket"])
    def test_a_bucket_that_is_not_there(self, s3: Stubber, store: ObjectStore, code: str) -> None:
        s3.add_client_error("head_bucket", code)
        with pytest.raises(BucketMissing, match=r"^The store has no bucket 'clips'"):
            store.check()


def fails(error: Exception) -> Any:
    """A client on which every call fails before anything is sent."""

    class Client:
        def __getattr__(self, name: str) -> Any:
            def call(**kwargs: Any) -> Any:
                raise error

            return call

    return Client()


class TestSilence:
    @pytest.fixture
    def dead(self, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
        """A store at a port on which nobody listens, that is asked once."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        store = ObjectStore(StoreAddress("clips", "team/", f"http://127.0.0.1:{port}", "key", "secret"))
        monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0)
        return store

    @pytest.mark.parametrize("use", USES)
    def test_says_where_nobody_answered_and_how_to_see_what_does(self, dead: ObjectStore, use: str) -> None:
        with pytest.raises(StoreUnreachable) as e:
            USES[use](dead)
        assert str(e.value).startswith(
            f"The object store at {dead.address.endpoint} does not answer (EndpointConnectionError: "
        )
        assert str(e.value).endswith("Is it running? `stagewright status` shows what can be reached.")
        assert e.value.context == {"uri": OBJECT}
        assert e.value.transient

    @pytest.mark.parametrize(
        "error",
        [
            boto.ConnectTimeoutError(endpoint_url="http://x"),
            boto.ReadTimeoutError(endpoint_url="http://x"),
            boto.ConnectionClosedError(endpoint_url="http://x"),
            boto.IncompleteReadError(actual_bytes=1, expected_bytes=2),
            boto.ResponseStreamingError(error="reset"),
            boto.SSLError(endpoint_url="https://x", error="bad"),
            ConnectionResetError("reset"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_faults_of_the_network_are_transient(self, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(objects, "connect", lambda address: fails(error))
        with pytest.raises(StoreUnreachable, match=f"does not answer [(]{type(error).__name__}: ") as e:
            ObjectStore(ADDRESS).get("a")
        assert e.value.__cause__ is error

    @pytest.mark.parametrize(
        ("error", "kind", "message"),
        [
            (boto.NoCredentialsError(), StoreDenied, "no credentials to sign with (Unable to locate credentials)"),
            (
                boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
                StoreDenied,
                "no credentials to sign with (Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY)",
            ),
            (
                boto.ProfileNotFound(profile="work"),
                StoreDenied,
                "no credentials to sign with (The config profile (work) could not be found)",
            ),
            (
                boto.ParamValidationError(report="Invalid bucket name"),
                StoreError,
                "the store cannot be asked for this: ",
            ),
        ],
        ids=["none", "half", "profile", "bucket"],
    )
    def test_what_never_left_this_machine_is_no_outage(
        self, error: Exception, kind: type[StoreError], message: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(objects, "connect", lambda address: fails(error))
        with pytest.raises(StoreError) as e:
            ObjectStore(ADDRESS).get("a")
        assert type(e.value) is kind
        assert str(e.value).startswith(f"s3://clips/team/a: {message}")
        assert not e.value.transient

    def test_an_endpoint_that_is_no_address(self) -> None:
        store = ObjectStore(StoreAddress("clips", "", "127.0.0.1:9000", "key", "secret"))
        with pytest.raises(UsageError) as e:
            store.check()
        assert str(e.value) == (
            "The object store cannot be addressed: Invalid endpoint: 127.0.0.1:9000. An endpoint is http://host:port."
        )

    @pytest.mark.parametrize(
        ("variable", "value", "told"),
        [
            ("AWS_CONFIG_FILE", "FILE", "(ConfigParseError: Unable to parse config file: FILE)"),
            ("AWS_SHARED_CREDENTIALS_FILE", "FILE", "(ConfigParseError: Unable to parse config file: FILE)"),
            ("AWS_DEFAULTS_MODE", "haste", "(InvalidDefaultsMode: Client configured with invalid defaults mode: haste"),
            ("AWS_DEFAULT_REGION", "no where", "(InvalidRegionError: Provided region_name 'no where' "),
        ],
    )
    def test_settings_of_aws_that_cannot_be_used_are_no_outage(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
    ) -> None:
        file = tmp_path / "config"
        file.write_text("no [ini")
        monkeypatch.setenv(variable, value.replace("FILE", str(file)))
        with pytest.raises(UsageError) as e:
            ObjectStore(StoreAddress("clips", "", "http://127.0.0.1:9")).check()
        told = told.replace("FILE", str(file))
        assert str(e.value).startswith(f"The AWS settings of this machine cannot be used {told}")
