"""The second pipeline that is shipped, from a film to its index, through the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bench.sample import render_sample
from tests.integration.driving import Toys, in_process

NEAR_S = 0.3


def test_a_film_becomes_an_index_of_its_scenes(toys: Toys, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    cuts = render_sample(film, seconds=20, size=(640, 360), seed=3)["cuts"]
    assert len(cuts) == 4
    ended = in_process("run", "scene-index", "--json", "--input", f"video={film}")
    assert ended.code == 0, ended.err
    told = Path(ended.json["report"])
    assert told.name == "index.json"
    content = json.loads(told.read_text())
    assert (content["format"], content["job_id"], content["profile"]) == (1, ended.json["job_id"], "scene-index")
    starts = [scene["start_s"] for scene in content["scenes"]]
    assert starts == pytest.approx([0, *cuts], abs=NEAR_S)
    assert [scene["end_s"] for scene in content["scenes"]] == [*starts[1:], 20]
    assert all(scene["start_s"] <= scene["picture_t"] < scene["end_s"] for scene in content["scenes"])
    assert ended.json["job_id"] in told.with_name("index.html").read_text()
    assert len(list(csv.DictReader(told.with_name("scenes.csv").open()))) == 5
    assert told.with_name("contact-sheet-01.jpg").stat().st_size > 10_000

    some = in_process(
        "run", "scene-index", "--json", "--input", f"video={film}", "--set", 'detect_objects.labels=["dog"]'
    )
    assert some.statuses == {
        "extract_frames": "kept",
        "detect_objects": "ran",
        "index_scenes": "ran",
        "compile_index": "ran",
    }
    blind = in_process("run", "scene-index", "--json", "--input", f"video={film}", "--disable", "detect_objects")
    assert blind.code == 0, blind.err
    content = json.loads(Path(blind.json["report"]).read_text())
    assert (content["labels"], len(content["scenes"])) == ([], 5)


def test_on_ray_it_writes_the_same_bytes(on_ray: Toys, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    render_sample(film, seconds=3, size=(320, 180), seed=3)
    digests = []
    for runner in ("threads", "ray"):
        ended = in_process(
            "run", "scene-index", "--json", "--input", f"video={film}", "--refresh", "all", "--runner", runner
        )
        assert set(ended.statuses.values()) == {"ran"}, ended.err
        shown = [in_process("show", ended.json["job_id"], id, "--json").json for id in ended.statuses]
        digests.append({key: value["digest"] for one in shown for key, value in one["writes"].items()})
    assert {"frames", "objects"} <= set(digests[0])
    assert digests[0] == digests[1]


def test_pictures_that_one_pipeline_extracted_serve_the_other(toys: Toys, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    render_sample(film, seconds=3, size=(320, 180), seed=3)
    assert in_process("run", "scene-index", "--json", "--input", f"video={film}").code == 0
    plan = in_process("plan", "brand-exposure", "--input", f"video={film}", "--json").json
    assert [told["status"] for told in plan["forecast"] if told["id"] == "extract_frames"] == ["kept"]


def test_a_label_that_the_detector_does_not_know_is_refused(toys: Toys, tmp_path: Path) -> None:
    ended = in_process("plan", "scene-index", "--set", 'detect_objects.labels=["bycicle"]')
    assert ended.code == 2
    assert "did you mean 'bicycle'" in ended.err + ended.out
