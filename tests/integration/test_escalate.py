"""Asking a vision endpoint, through the command line: off by default, not twice, not for more than the budget."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from stages.core.objects import ObjectStore
from tests.integration.driving import Ended, Toys, in_process
from tests.vision_server import VisionServer, vision_server

SECRET = "sk-test-77c0ffee-not-to-be-seen"
BRANDS = json.dumps(["NORDVIK", "VOLTRA"])
BOARDS = {"NORDVIK": (40, 40, 40), "NORDIC": (0, 0, 150), "VOLTAGE": (150, 0, 0)}
"""What the film shows, and the ground of each board, BGR; the last two are only like brands."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds with three boards that stand still."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    picture = np.random.default_rng(1).integers(90, 110, (360, 640, 3)).astype(np.uint8)
    for n, (text, ground) in enumerate(BOARDS.items()):
        y = 40 + 105 * n
        cv2.rectangle(picture, (40, y), (330, y + 70), ground, -1)
        cv2.putText(picture, text, (60, y + 50), cv2.FONT_HERSHEY_DUPLEX, 1.6, (255, 255, 255), 3, cv2.LINE_AA)
    with av.open(str(path), "w") as write:
        stream = write.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for _ in range(75):
            write.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        write.mux(stream.encode(None))
    return path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[VisionServer]:
    """One that takes the board with the blue ground for VOLTRA, and no other for anything."""
    monkeypatch.setenv("STAGEWRIGHT_VISION_KEY", SECRET)
    with vision_server() as running:
        running.says = lambda jpeg: {"brand": "VOLTRA" if is_blue(jpeg) else "none", "confidence": 0.8, "text": "V"}
        yield running


def is_blue(jpeg: bytes) -> bool:
    blue, _, red = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).reshape(-1, 3).mean(0)
    return bool(blue > red + 40)


def run(film: Path, server: VisionServer | None, *more: str) -> Ended:
    asks = ("--enable", "crop_regions", "--enable", "escalate") if server else ()
    sets = [f"match_brands.brands={BRANDS}"]
    if server:
        sets += [f"escalate.brands={BRANDS}", f"escalate.endpoint={server.base}", "escalate.model=seer"]
    given = [part for each in sets for part in ("--set", each)]
    return in_process("run", "brand-exposure", "--json", "--input", f"video={film}", *asks, *given, *more)


def report_of(ended: Ended) -> Any:
    assert ended.code == 0, ended.err + ended.out
    return json.loads(Path(ended.json["report"]).read_text())


def sources(report: Any) -> set[tuple[str, str]]:
    return {(row["brand"], row["source"]) for row in report["detections"]}


def test_unresolved_texts_are_shown_to_an_endpoint_once(
    toys: Toys, film: Path, server: VisionServer, store: ObjectStore, home: Path
) -> None:
    plain = report_of(run(film, None))
    assert server.asked == []
    assert sources(plain) == {("NORDVIK", "text")}
    assert {row["text"] for row in plain["unresolved"]} == {"NORDIC", "VOLTAGE"}
    assert plain["cost"].keys() == {"seconds", "stages"}

    first = run(film, server)
    told = report_of(first)
    assert sources(told) == {("NORDVIK", "text"), ("VOLTRA", "vision")}
    assert [row["text"] for row in told["unresolved"]] == ["NORDIC"]
    [exposure] = [row for row in told["exposures"] if row["brand"] == "VOLTRA"]
    assert exposure["seconds"] == pytest.approx(3, abs=0.2)
    figures = told["cost"]["escalation"]
    assert (figures["asked"], figures["resolved"], figures["cost"], figures["model"]) == (2, 1, 0.00036, "seer")
    assert any("2 unresolved text(s) were shown to seer" in note for note in told["notes"])
    assert {asked.key for asked in server.asked} == {SECRET}

    assert set(run(film, server).statuses.values()) == {"kept"}
    again = run(film, server, "--refresh", "all")
    assert (again.statuses["escalate"], report_of(again)["cost"]["escalation"]["cached"]) == ("ran", 2)
    assert set(server.times().values()) == {1}

    for ended in (first, again):
        assert SECRET not in ended.out + ended.err
    kept = list(store.list(""))
    assert sum(key.startswith("cache/vision/") for key in kept) == 2
    assert not [key for key in kept if SECRET.encode() in store.get(key)]
    assert files_that_hold(SECRET, home) == files_that_hold(SECRET, Path(os.environ["STAGEWRIGHT_HOME"])) == []


def test_the_budget_ends_the_asking_and_the_report_says_so(toys: Toys, film: Path, server: VisionServer) -> None:
    prices = ("escalate.price_in=1", "escalate.price_out=0", "escalate.budget=1.5")
    told = report_of(run(film, server, *(part for each in prices for part in ("--set", each))))
    figures = told["cost"]["escalation"]
    assert (figures["asked"], figures["cost"], figures["left_out_by_budget"]) == (1, 1.0, 1)
    assert len(server.asked) == 1
    assert "1 unresolved text(s) were not shown to it: the budget was spent." in told["notes"]


def test_a_refused_key_is_told_without_being_shown(
    toys: Toys, film: Path, server: VisionServer, store: ObjectStore
) -> None:
    server.mode = "refuses"
    ended = run(film, server)
    assert ended.code == 3
    assert f"{server.base} refuses the key of STAGEWRIGHT_VISION_KEY (401)" in ended.json["error"] + ended.err
    assert SECRET not in ended.out + ended.err
    assert not [key for key in store.list("") if SECRET.encode() in store.get(key)]


def files_that_hold(text: str, folder: Path) -> list[Path]:
    """Files below a folder, the stores and logs of the services among them."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
