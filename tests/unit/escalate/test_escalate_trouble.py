"""escalate: endpoints that fail, and keys that are nobody else's business."""

from __future__ import annotations

import logging
import re
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from stages.brands import vision_endpoint
from stages.core.blobs import BlobStore
from stages.core.errors import ServiceError, ServiceUnreachable, StagewrightError, TooManyFailedItems, UsageError
from tests.unit.escalate.asking import SECRET, asked, context, picture, store_of
from tests.vision_server import VisionServer


class TestTrouble:
    def test_too_many_requests_are_asked_again(self, server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
        server.mode = "429"
        values, envelope = asked(server, blobs, tmp_path)
        assert set(server.times().values()) == {2}
        assert (values["escalation"]["answered"], values["escalation"]["failed"]) == (3, 0)
        assert envelope.failed == {}

    def test_one_crop_that_fails_for_ever_is_named_and_passed_over(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        server.mode = lambda jpeg: "500" if jpeg == picture(1) else "ok"
        values, envelope = asked(server, blobs, tmp_path, retries=2)
        assert server.times()[picture(1)] == 3
        assert values["escalation"]["resolved"] == 2
        assert values["unresolved"].track.tolist() == [1]
        told = "track 1 at 0.000 s: it answered 500: the server says 500 (3 attempts)"
        assert envelope.failed["items"][0]["message"] == told

    def test_a_wrong_request_is_not_repeated(self, server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
        server.mode = lambda jpeg: "400" if jpeg == picture(1) else "ok"
        asked(server, blobs, tmp_path)
        assert server.times()[picture(1)] == 1

    def test_a_wait_that_is_too_long_is_not_kept(self, server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
        server.mode, server.retry_after = (lambda jpeg: "429" if jpeg == picture(1) else "ok"), "3600"
        values, _ = asked(server, blobs, tmp_path)
        assert (server.times()[picture(1)], values["escalation"]["failed"]) == (1, 1)

    def test_a_slow_endpoint_is_asked_again_and_then_given_up(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        server.mode, server.slow_s = (lambda jpeg: "slow" if jpeg == picture(1) else "ok"), 0.6
        _, envelope = asked(server, blobs, tmp_path, timeout=0.2, retries=1)
        assert server.times()[picture(1)] == 2
        assert "ReadTimeout: timed out (2 attempts)" in envelope.failed["items"][0]["message"]

    def test_an_answer_that_drips_is_bounded_as_a_whole(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        server.mode = "drips"
        with pytest.raises(ServiceUnreachable, match=re.escape("no whole answer within 0.3 s")):
            asked(server, blobs, tmp_path, tracks=1, timeout=0.3, retries=0)

    def test_more_failures_than_allowed_end_the_stage(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        server.mode = lambda jpeg: "ok" if jpeg == picture(0) else "400"
        with pytest.raises(TooManyFailedItems) as e:
            asked(server, blobs, tmp_path, tracks=9, max_failed=3, parallel=1)
        assert str(e.value) == (
            f"Stage 'escalate': 4 of 5 questions to {server.base} (key: STAGEWRIGHT_VISION_KEY) failed, more than the "
            "limit of 3; the last: NotAnswered: track 4 at 0.000 s: it answered 400: the server says 400"
        )

    @pytest.mark.parametrize(
        ("mode", "kind", "told"),
        [
            ("500", ServiceUnreachable, "it answered 500: the server says 500"),
            ("400", ServiceError, "it answered 400: the server says 400"),
            ("malformed", ServiceError, "'I see a board.' is not the JSON that was asked for"),
            ("garbage", ServiceError, "'<html>hello</html>' is not the JSON"),
        ],
    )
    def test_an_endpoint_that_answers_nothing_is_named(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path, mode: str, kind: type[ServiceError], told: str
    ) -> None:
        server.mode = mode
        with pytest.raises(kind) as e:
            asked(server, blobs, tmp_path, tracks=50, retries=1, parallel=1)
        assert type(e.value) is kind
        assert str(e.value).startswith(
            f"Stage 'escalate': The vision endpoint {server.base} (key: STAGEWRIGHT_VISION_KEY) answered none of "
            "3 question(s); the first: "
        )
        assert told in str(e.value)
        assert len(server.times()) == 3

    def test_one_that_is_not_there(self, blobs: BlobStore, tmp_path: Path) -> None:
        with pytest.raises(ServiceUnreachable, match=r"endpoint http://127\.0\.0\.1:9/v1 .*ConnectError"):
            asked(VisionServer("http://127.0.0.1:9/v1"), blobs, tmp_path, tracks=1, retries=1)

    def test_a_key_that_is_refused_is_told_at_once(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        server.mode = "refuses"
        with pytest.raises(ServiceError) as e:
            asked(server, blobs, tmp_path)
        assert str(e.value) == (
            f"Stage 'escalate': The vision endpoint {server.base} refuses the key of STAGEWRIGHT_VISION_KEY (401). "
            "Set STAGEWRIGHT_VISION_KEY to a key that may use this model."
        )
        assert len(server.asked) == 1

    def test_proxies_are_not_asked_for_loopback(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        assert asked(server, blobs, tmp_path)[0]["escalation"]["answered"] == 3

    @pytest.mark.parametrize(
        ("after", "low", "high"),
        [("7", 7, 7), ("", None, None), ("soon", None, None), ("²", None, None), ("date", 20, 30), ("past", 0, 0)],
    )
    def test_how_long_to_wait_is_said_in_two_ways(self, after: str, low: float | None, high: float | None) -> None:
        dates = {"date": formatdate(time.time() + 30, usegmt=True), "past": "Wed, 21 Oct 2015 07:28:00 GMT"}
        found = vision_endpoint._seconds(dates.get(after, after))
        assert found is low is None or (found is not None and low is not None and high is not None)
        assert found is None or low <= found <= high  # type: ignore[operator]


class TestKey:
    def test_the_first_variable_that_is_set_counts(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        both = {"OPENAI_API_KEY": "other", "STAGEWRIGHT_VISION_KEY": f" {SECRET}\n"}
        asked(server, blobs, tmp_path, tracks=1, model="b", ctx=context(both))
        asked(server, blobs, tmp_path, tracks=1, model="c", ctx=context({}))  # loopback may do without
        asked(server, blobs, tmp_path, tracks=1, model="d", ctx=context({"OPENAI_API_KEY": "other"}))  # not OpenAI's
        assert [request.key for request in server.asked] == [SECRET, "", ""]

    def test_openais_own_key_is_for_openai_alone(self) -> None:
        env = {"OPENAI_API_KEY": "other"}
        key = vision_endpoint.key_for("https://api.openai.com/v1", env)
        assert key is not None
        assert key == vision_endpoint.Key("OPENAI_API_KEY", "other")
        with pytest.raises(UsageError):
            vision_endpoint.key_for("https://api.openai.com.example.com/v1", env)

    def test_without_one_nothing_leaves_the_machine(self, blobs: BlobStore, tmp_path: Path) -> None:
        with pytest.raises(UsageError) as e:
            asked(VisionServer("https://api.example.com/v1"), blobs, tmp_path, ctx=context({}))
        assert str(e.value) == (
            "Stage 'escalate': The vision endpoint https://api.example.com/v1 needs a key, and there is none: "
            "set STAGEWRIGHT_VISION_KEY, or save it as the Prefect Secret block 'stagewright-vision-key'."
        )

    @pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
    def test_what_is_no_key_is_not_shown(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path, key: str
    ) -> None:
        with pytest.raises(UsageError) as e:
            asked(server, blobs, tmp_path, ctx=context({"STAGEWRIGHT_VISION_KEY": key}))
        assert str(e.value).startswith("Stage 'escalate': STAGEWRIGHT_VISION_KEY holds no key")
        assert key not in str(e.value)

    @pytest.mark.parametrize("mode", ["ok", "echo", "refuses", "500", "malformed"])
    def test_it_is_nowhere_else(
        self,
        server: VisionServer,
        blobs: BlobStore,
        tmp_path: Path,
        mode: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        server.mode = lambda jpeg: "ok" if mode != "refuses" and jpeg == picture(0) else mode
        server.says = lambda jpeg: {"brand": "NORDVIK", "text": f"a model that says {SECRET}"}
        said = ""
        try:
            values, envelope = asked(server, blobs, tmp_path, retries=0)
            said = repr([list(values["detections"]), values["escalation"]]) + envelope.to_bytes().decode()
        except StagewrightError as error:
            said = repr((error, error.context, error.__cause__))
        assert server.asked[0].key == SECRET
        assert SECRET not in said + caplog.text
        assert not [key for key, data in store_of(blobs).items() if SECRET.encode() in data]
        assert SECRET not in repr(vision_endpoint.Key("X", SECRET))
