"""The shipped pipeline, from a film to its report, through the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from bench.sample import render_sample
from bench.score import score
from flows.assemble import assemble
from flows.load import list_profiles, load_profile
from stages.core.registry import get_stage
from tests.integration.driving import Toys, in_process

BRANDS = ["NORDVIK", "Altamira Bank|Altamira", "VOLTRA", "Lumora", "Kestrel Air"]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Six seconds of film and what is to be seen in it."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return path, render_sample(path, seconds=6, size=(640, 360), seed=3)


def _run(film: Path, *more: str) -> Any:
    return in_process("run", "brand-exposure", "--json", "--input", f"video={film}", *more)


def test_a_film_becomes_a_report_that_is_true(toys: Toys, film: tuple[Path, dict[str, Any]]) -> None:
    path, truth = film
    ended = _run(path, "--set", f"match_brands.brands={json.dumps(BRANDS)}")
    assert ended.code == 0, ended.err
    told = Path(ended.json["report"])
    report = json.loads(told.read_text())
    assert list(report) == [
        "format", "job_id", "profile", "video", "brands", "exposures", "detections", "unresolved", "notes", "cost",
    ]  # fmt: skip
    assert (report["format"], report["job_id"], report["profile"]) == (1, ended.json["job_id"], "brand-exposure")
    assert report["video"]["uri"] == str(path)
    assert (report["video"]["width"], report["video"]["height"], report["video"]["duration_s"]) == (640, 360, 6.0)
    assert {entry["brand"] for entry in report["exposures"]} <= {name.split("|")[0] for name in BRANDS}
    assert score(truth, report).f1_s >= 0.9
    page = told.with_name("report.html").read_text()
    assert ended.json["job_id"] in page
    rows = list(csv.DictReader(told.with_name("exposures.csv").open()))
    assert len(rows) == len(report["exposures"])

    other = _run(path, "--set", 'match_brands.brands=["NORDVIK"]')
    assert [id for id, status in other.statuses.items() if status == "kept"] == [
        "extract_frames", "find_text", "follow_text", "read_text",
    ]  # fmt: skip
    moved = path.with_name("the same film under another name.mp4")
    moved.write_bytes(path.read_bytes())
    again = _run(moved, "--set", 'match_brands.brands=["NORDVIK"]')
    assert set(again.statuses.values()) <= {"kept", "skipped"}  # what is switched off is skipped
    assert json.loads(Path(again.json["report"]).read_text())["video"]["uri"] == str(moved)


def test_bytes_do_not_depend_on_where_and_by_how_many_the_work_is_done(
    on_ray: Toys, film: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    digests, reports = [], []
    for workers, runner in (("1", "threads"), ("3", "threads"), ("2", "ray")):
        monkeypatch.setenv("STAGEWRIGHT_WORKERS", workers)
        ended = _run(film[0], "--refresh", "all", "--set", "follow_text.stretch_s=2", "--runner", runner)
        assert ended.code == 0, ended.err
        shown = [
            toys_json(ended.json["job_id"], stage["id"]) for stage in ended.json["stages"] if stage["status"] == "ran"
        ]
        digests.append({key: value["digest"] for one in shown for key, value in one["writes"].items()})
        report = json.loads(Path(ended.json["report"]).read_text())
        reports.append({key: value for key, value in report.items() if key not in ("job_id", "cost")})
    assert {"frames", "motion", "regions", "tracks", "readings", "exposures", "report"} <= set(digests[0])
    assert digests[0] == digests[1] == digests[2]
    assert reports[0] == reports[1] == reports[2]


def toys_json(job: str, stage: str) -> Any:
    """An envelope, as `show` tells it."""
    return in_process("show", job, stage, "--json").json


def test_a_film_on_s3_is_read_there(toys: Toys, film: tuple[Path, dict[str, Any]], store: Any) -> None:
    store.put("films/film.mp4", film[0].read_bytes(), "video/mp4")
    uri = f"video={store.address.url}films/film.mp4"
    ended = in_process("run", "brand-exposure", "--json", "--input", uri)
    assert ended.code == 0, ended.err
    assert json.loads(Path(ended.json["report"]).read_text())["video"]["uri"] == uri.removeprefix("video=")
    missing = in_process("run", "brand-exposure", "--json", "--input", f"video={store.address.url}films/none.mp4")
    assert missing.code == 2
    assert "films/none.mp4" in missing.json["error"]


@pytest.mark.parametrize(
    ("name", "content", "told", "code", "state"),
    [
        ("missing.mp4", None, "no such file", 2, "refused"),
        ("empty.mp4", b"", "empty", 2, "refused"),
        ("letter.mp4", b"Dear Sir or Madam,\n" * 50, "letter.mp4", 1, "failed"),  # a stage has found it out
    ],
)
def test_what_is_no_film_is_refused_and_named(
    toys: Toys, tmp_path: Path, name: str, content: bytes | None, told: str, code: int, state: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    ended = _run(path)
    assert (ended.code, ended.json["state"]) == (code, state)
    assert told in ended.json["error"]
    assert name in ended.json["error"]


def test_a_truncated_film_gives_a_report_that_says_where_it_ended(
    toys: Toys, film: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    import av

    source, whole = tmp_path / "whole.mkv", film[0]
    with av.open(str(whole)) as read, av.open(str(source), "w") as write:  # a container that can be cut anywhere
        stream = read.streams.video[0]
        copy = write.add_stream_from_template(stream)
        for packet in read.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                write.mux(packet)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    ended = _run(cut)
    assert ended.code == 0, ended.err
    report = json.loads(Path(ended.json["report"]).read_text())
    assert 0 < report["video"]["decoded_s"] < 6
    assert any("end" in note for note in report["notes"])


def test_every_shipped_profile_assembles_and_every_stage_of_it_is_registered() -> None:
    shipped = list_profiles()
    assert [profile.name for profile in shipped] == ["brand-exposure", "scene-index"]
    for info in shipped:
        profile = load_profile(info.name)
        assert assemble(profile).name == profile.name
        assert all(get_stage(entry.stage) for entry in profile.stages)
