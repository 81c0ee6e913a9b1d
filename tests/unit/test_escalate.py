"""escalate: what could not be settled is shown to a vision model, for so much money and not twice."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from stages.brands import escalate, vision_endpoint
from stages.core.blobs import BlobStore
from stages.core.context import RuntimeContext
from stages.core.envelope import Envelope
from stages.core.errors import ServiceError, ServiceUnreachable, StagewrightError, TooManyFailedItems, UsageError
from stages.core.spread import Spread, ThreadSpread
from stages.datatypes import Crops, Detection, Detections, Reading, Readings, TrackPoint, Tracks
from tests.unit.harness import MemoryStore, make_blobs, run_stage
from tests.vision_server import VisionServer, vision_server

SECRET = "sk-test/4f1d9c+very-secret"
QUAD = np.array([[1, 2], [11, 2], [11, 7], [1, 7]], np.float32)
FREE = {"price_in": 0, "price_out": 0}


@pytest.fixture
def server() -> Iterator[VisionServer]:
    with vision_server() as running:
        yield running


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return make_blobs(tmp_path)


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision_endpoint, "FIRST_WAIT_S", 0.01)


def reading(track: int) -> Reading:
    return Reading(track, 0.0, f"TEXT {track}", 0.6, "", QUAD + track)


def picture(track: int) -> bytes:
    return b"jpeg of track %d" % track


def points(track: int, visible: int) -> list[TrackPoint]:
    """Seen in so many pictures, half a second apart, and hidden in one more."""
    shares = [0.9] * visible + [0.1]
    return [TrackPoint(track, n / 2, share, n == 0, QUAD + n) for n, share in enumerate(shares)]


def given(blobs: BlobStore, tracks: int, known: int = 0) -> dict[str, Any]:
    """What the stage reads: so many unresolved tracks, the first seen longest, of which so many are known already."""
    rows = [reading(track) for track in range(tracks)]
    seen = [point for track in range(tracks) for point in points(track, tracks - track + 1)]
    return {
        "crops": Crops.of([(row, picture(row.track)) for row in rows], blobs),
        "detections": Detections.of([Detection(n / 1.0, "VOLTRA", "V", 0.8, "text", "", QUAD) for n in range(known)]),
        "unresolved": Readings.of(rows),
        "tracks": Tracks.of(seen),
    }


def context(env: Mapping[str, str] | None = None, spread: Spread | None = None) -> RuntimeContext:
    return RuntimeContext(
        logging.getLogger("test"), {"STAGEWRIGHT_VISION_KEY": SECRET} if env is None else env, "job", spread=spread
    )


def asked(
    server: VisionServer,
    blobs: BlobStore,
    tmp_path: Path,
    tracks: int = 3,
    known: int = 0,
    ctx: RuntimeContext | None = None,
    **config: Any,
) -> tuple[dict[str, Any], Envelope]:
    settings = {"endpoint": server.base, "model": "seer", **config}
    return run_stage(escalate.definition, settings, given(blobs, tracks, known), tmp_path, blobs, ctx or context())


class TestAnswers:
    def test_a_track_that_is_recognised_is_seen_wherever_it_is_visible(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        brands = {picture(1): {"brand": "altamira", "confidence": 0.75, "text": "Altamira B"}}
        server.says = lambda jpeg: brands.get(jpeg, {"brand": "none", "confidence": 0.9, "text": "x"})
        values, envelope = asked(server, blobs, tmp_path, known=2)
        found = [(d.t, d.brand, d.text, d.score, d.source) for d in values["detections"]]
        assert found == [
            (0.0, "Altamira Bank", "Altamira B", 0.75, "vision"),
            (0.0, "VOLTRA", "V", 0.8, "text"),
            (0.5, "Altamira Bank", "Altamira B", 0.75, "vision"),
            (1.0, "Altamira Bank", "Altamira B", 0.75, "vision"),
            (1.0, "VOLTRA", "V", 0.8, "text"),
        ]
        assert np.array_equal(values["detections"][2].quad, QUAD + 1)
        assert values["unresolved"].track.tolist() == [0, 2]
        assert values["escalation"] == {
            "model": "seer",
            "endpoint": server.base,
            "asked": 3,
            "answered": 3,
            "resolved": 1,
            "failed": 0,
            "cached": 0,
            "left_out_by_budget": 0,
            "left_out_by_max_crops": 0,
            "tokens_in": 3000,
            "tokens_out": 150,
            "cost": 0.00054,
        }
        assert values["detections"].notes == (
            f"3 unresolved text(s) were shown to seer at {server.base}; 1 of them show a brand, it says.",
        )
        assert envelope.failed == {}

    def test_the_question_names_the_brands_and_shows_the_crop(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        asked(server, blobs, tmp_path, tracks=1, brands=["Otago|OTG", "Söll"], max_tokens=99)
        [request] = server.asked
        assert (request.key, request.jpeg) == (SECRET, picture(0))
        assert "- Otago|OTG\n- Söll\n" in request.body["messages"][0]["content"]
        rest = {key: value for key, value in request.body.items() if key != "messages"}
        assert rest == {"model": "seer", "max_tokens": 99, "response_format": {"type": "json_object"}}

    def test_endpoints_differ_in_what_they_know(self, server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
        asked(server, blobs, tmp_path, tracks=1, tokens_field="max_completion_tokens", json_mode=False)
        assert server.asked[0].body.keys() == {"model", "messages", "max_completion_tokens"}

    @pytest.mark.parametrize(
        ("answer", "resolved"),
        [
            ({"brand": "NORDVIK", "confidence": 0.5}, 1),
            ({"brand": "NORDVIK", "confidence": 0.49}, 0),
            ({"brand": "NORDVIK"}, 1),
            ({"brand": "Nobody", "confidence": 1}, 0),
            ({"brand": None, "confidence": 1}, 0),
            ({"brand": "", "confidence": 1}, 0),
            ({"brand": "NORDVIK", "confidence": 1, "text": "\ud83d"}, 1),
        ],
    )
    def test_only_a_sure_answer_that_names_a_brand_counts(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path, answer: Any, resolved: int
    ) -> None:
        server.says = lambda jpeg: answer
        values, _ = asked(server, blobs, tmp_path, tracks=1)
        assert values["escalation"]["resolved"] == resolved
        assert len(values["unresolved"]) == 1 - resolved

    def test_nothing_unresolved_nothing_asked(self, server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
        values, _ = asked(server, blobs, tmp_path, tracks=0, known=2, ctx=context({}))
        assert (len(values["detections"]), values["escalation"]["asked"], server.asked) == (2, 0, [])
        assert values["detections"].notes == ()

    def test_requests_are_under_way_side_by_side_and_the_outcome_is_the_same(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        server.mode, server.slow_s = "slow", 0.05
        one, _ = asked(server, blobs, tmp_path, tracks=8, parallel=1)
        assert server.most_under_way == 1
        spread = ThreadSpread(2)
        many, _ = asked(server, make_blobs(tmp_path), tmp_path, tracks=8, parallel=4, ctx=context(spread=spread))
        spread.close()
        assert 2 <= server.most_under_way <= 4
        assert one["escalation"] == many["escalation"]


class TestMemory:
    def test_no_crop_is_paid_twice(self, server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
        first, _ = asked(server, blobs, tmp_path)
        again, _ = asked(server, blobs, tmp_path, tracks=4)
        assert set(server.times().values()) == {1}
        figures = again["escalation"]
        assert (figures["asked"], figures["cached"], figures["resolved"], figures["tokens_in"]) == (1, 3, 4, 1000)
        assert list(first["detections"].brands) == ["NORDVIK"] * 9
        assert len([key for key in store_of(blobs) if re.fullmatch(r"cache/vision/[0-9a-f]{64}\.json", key)]) == 4

    def test_with_all_answers_at_hand_neither_key_nor_endpoint_is_needed(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        asked(server, blobs, tmp_path)
        values, _ = asked(server, blobs, tmp_path, ctx=context({}), endpoint="https://nowhere.invalid/v1")
        assert (values["escalation"]["cached"], values["escalation"]["cost"]) == (3, 0)
        assert values["escalation"]["resolved"] == 3

    @pytest.mark.parametrize("other", [{"model": "other"}, {"brands": ["NORDVIK", "VOLTRA"]}])
    def test_another_question_is_another_answer(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path, other: Any
    ) -> None:
        asked(server, blobs, tmp_path)
        asked(server, blobs, tmp_path, **other)
        assert set(server.times().values()) == {2}

    def test_two_tracks_with_the_same_crop_are_one_question(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        reads = given(blobs, 2)
        reads["crops"] = Crops.of([(reading(track), b"the same") for track in range(2)], blobs)
        settings = {"endpoint": server.base}
        values, _ = run_stage(escalate.definition, settings, reads, tmp_path, blobs, context())
        assert (values["escalation"]["asked"], values["escalation"]["resolved"]) == (1, 2)

    def test_what_was_answered_before_a_failure_is_not_lost(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        server.mode = lambda jpeg: "ok" if jpeg == picture(0) else "400"
        with pytest.raises(TooManyFailedItems):
            asked(server, blobs, tmp_path, max_failed=0)
        server.mode = "ok"
        values, _ = asked(server, blobs, tmp_path)
        assert values["escalation"]["cached"] == 1


class TestMoney:
    def test_asking_ends_when_the_budget_is_spent(self, server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
        values, _ = asked(server, blobs, tmp_path, tracks=6, price_in=1, price_out=0, budget=3.5)
        figures = values["escalation"]
        assert (figures["asked"], figures["cost"], figures["left_out_by_budget"]) == (3, 3.0, 3)
        assert server.asked[0].jpeg == picture(0)
        assert set(server.times()) == {picture(0), picture(1), picture(2)}  # those that are seen longest
        assert values["unresolved"].track.tolist() == [3, 4, 5]
        assert values["detections"].notes[-1] == "3 unresolved text(s) were not shown to it: the budget was spent."

    def test_a_later_run_goes_on_from_there(self, server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
        for left in (3, 0):
            values, _ = asked(server, blobs, tmp_path, tracks=6, price_in=1, price_out=0, budget=3)
            assert values["escalation"]["left_out_by_budget"] == left
        assert set(server.times().values()) == {1}

    @pytest.mark.parametrize("parallel", [1, 2, 4, 16])
    def test_never_more_than_the_budget_whatever_is_under_way(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path, parallel: int
    ) -> None:
        price = {"price_in": 0.1, "price_out": 1.0, "budget": 1.0}
        values, _ = asked(server, blobs, tmp_path, tracks=12, parallel=parallel, **price)
        assert (values["escalation"]["asked"], values["escalation"]["cost"]) == (6, 0.9)

    def test_no_budget_no_question(self, server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
        values, _ = asked(server, blobs, tmp_path, budget=0, ctx=context({}))
        assert (values["escalation"]["left_out_by_budget"], server.asked) == (3, [])

    def test_what_is_free_needs_none(self, server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
        values, _ = asked(server, blobs, tmp_path, budget=0, **FREE)
        assert (values["escalation"]["asked"], values["escalation"]["cost"]) == (3, 0)

    def test_at_most_so_many_crops(self, server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
        for _ in range(2):  # those that are remembered count, too: the same settings look at the same crops
            values, _ = asked(server, blobs, tmp_path, tracks=5, max_crops=2)
            assert values["escalation"]["left_out_by_max_crops"] == 3
            assert values["unresolved"].track.tolist() == [2, 3, 4]
        assert set(server.times()) == {picture(0), picture(1)}
        assert "3 unresolved text(s) were not shown to it: there were too many." in values["detections"].notes

    def test_an_endpoint_that_tells_no_usage_is_paid_by_assumption(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        server.mode = "no-usage"
        values, _ = asked(server, blobs, tmp_path, price_in=0.1, price_out=0, budget=2.5)
        assert (values["escalation"]["asked"], values["escalation"]["cost"]) == (2, 2.0)
        told = "The endpoint does not tell what 2 answer(s) took; their cost is assumed."
        assert values["detections"].notes[-1] == told

    def test_an_answer_that_cannot_be_used_was_paid_for(
        self, server: VisionServer, blobs: BlobStore, tmp_path: Path
    ) -> None:
        server.mode = lambda jpeg: "malformed" if jpeg == picture(1) else "ok"
        values, envelope = asked(server, blobs, tmp_path)
        figures = values["escalation"]
        assert (figures["asked"], figures["answered"], figures["failed"]) == (3, 2, 1)
        assert figures["tokens_in"] == 3000
        [item] = envelope.failed["items"]
        assert (item["kind"], item["index"]) == ("AnswerUnusable", 1)
        told = "track 1 at 0.000 s: 'I see a board.' is not the JSON that was asked for"
        assert item["message"] == told
        assert "1 of them stayed without an answer." in values["detections"].notes


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
            "set STAGEWRIGHT_VISION_KEY."
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


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "told"),
        [
            ({"endpoint": "https://me:pass@api.example.com/v1"}, "holds no name, password or query"),
            ({"endpoint": "https://api.example.com/v1?key=1"}, "holds no name, password or query"),
            ({"endpoint": "api.example.com"}, "an endpoint is an address such as"),
            ({"endpoint": "file:///etc/passwd"}, "an endpoint is an address such as"),
            ({"brands": []}, "at least 1 item"),
            ({"brands": ["None"]}, "it cannot be a brand's name"),
            ({"brands": ["NORDVIK|"]}, "holds no letter or digit"),
            ({"api_key": "sk"}, "Extra inputs are not permitted"),
        ],
    )
    def test_what_cannot_be_is_refused(self, settings: Any, told: str) -> None:
        with pytest.raises(ValidationError, match=re.escape(told)):
            escalate.definition.settings.model_validate(settings)


def store_of(blobs: BlobStore) -> dict[str, bytes]:
    assert isinstance(blobs.store, MemoryStore)
    return blobs.store.objects


def test_what_is_remembered_can_be_read_by_a_person(server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
    values, _ = asked(server, blobs, tmp_path, tracks=1)
    [kept] = [json.loads(data) for key, data in store_of(blobs).items() if key.startswith("cache/")]
    assert kept["key"]["model"] == "seer"
    assert kept["key"]["crop"] == given(blobs, 1)["crops"].digests[0]
    assert json.loads(kept["value"]["content"])["brand"] == "NORDVIK"
    assert values["escalation"]["resolved"] == 1
