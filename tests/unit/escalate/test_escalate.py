"""escalate: what could not be settled is shown to a vision model, for so much money and not twice."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from stages.brands import escalate
from stages.core.blobs import BlobStore
from stages.core.errors import TooManyFailedItems
from stages.core.spread import ThreadSpread
from stages.datatypes import Crops
from tests.unit.escalate.asking import FREE, QUAD, SECRET, asked, context, given, picture, reading, store_of
from tests.unit.harness import make_blobs, run_stage
from tests.vision_server import VisionServer


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


def test_what_is_remembered_can_be_read_by_a_person(server: VisionServer, blobs: BlobStore, tmp_path: Path) -> None:
    values, _ = asked(server, blobs, tmp_path, tracks=1)
    [kept] = [json.loads(data) for key, data in store_of(blobs).items() if key.startswith("cache/")]
    assert kept["key"]["model"] == "seer"
    assert kept["key"]["crop"] == given(blobs, 1)["crops"].digests[0]
    assert json.loads(kept["value"]["content"])["brand"] == "NORDVIK"
    assert values["escalation"]["resolved"] == 1
