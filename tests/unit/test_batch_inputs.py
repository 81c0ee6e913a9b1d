"""Which inputs a batch has: files, patterns, folders, lists; and how its jobs are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.batch.inputs import VIDEOS, _pattern, placed, read_inputs
from flows.batch.item import Batch, Item, batch_id_of, job_id_of, sentence
from flows.batch.ledger import _batch
from flows.batch.summary import files, rows
from flows.command.batch import order_of
from flows.jobs.job import JOB_ID
from flows.profiles.model import Profile
from flows.watch import flow as watch_flow
from stages.core.errors import InputError, UsageError

PROFILE = Profile("films", (), inputs={"video": "Video"})
TWO = Profile("films", (), inputs={"video": "Video", "title": ""})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "b.mp4",
        "a.MP4",
        "c [1].mp4",
        "größe 2.mp4",
        ".hidden.mp4",
        "notes.txt",
        "deep/d.mkv",
        ".cache/e.mp4",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"film")
    monkeypatch.chdir(tmp_path)
    return tmp_path.resolve()


def names(folder: Path, *words: str) -> list[str]:
    return [str(Path(at).relative_to(folder)) for at in read_inputs(PROFILE, {"video": words}).many]


def test_words_are_files_patterns_folders_and_lists(folder: Path) -> None:
    assert names(folder, "b.mp4", "nowhere.mp4") == ["b.mp4", "nowhere.mp4"]  # what is not there is the job's to say
    assert names(folder, "*.mp4") == ["b.mp4", "c [1].mp4", "größe 2.mp4"]
    assert names(folder, "c [1].mp4") == ["c [1].mp4"]
    assert names(folder, "**/*.mkv") == ["deep/d.mkv"]
    assert names(folder, ".") == ["a.MP4", "b.mp4", "c [1].mp4", "größe 2.mp4", "deep/d.mkv"]
    (folder / "list.txt").write_text("\ufeff# films\n\n b.mp4 \nc [1].mp4\n", "utf-8")
    (folder / "list.json").write_text('["a.MP4"]')
    assert names(folder, "@list.txt", "@list.json") == ["b.mp4", "c [1].mp4", "a.MP4"]


@pytest.mark.parametrize(("word", "told"), [("nothing/*.mp4", "matches nothing"), ("@none.txt", "cannot be read")])
def test_local_words_are_looked_up_before_any_service_is_started(folder: Path, word: str, told: str) -> None:
    asked: dict[str, Any] = {"sets": [], "off": [], "on": [], "batch_id": "", "at_once": 1}
    with pytest.raises(InputError, match=told):
        order_of("brand-exposure", {"video": ["b.mp4", word]}, errors_only=False, **asked)
    order_of("brand-exposure", {"video": [word]}, errors_only=True, **asked)  # they are not looked up at all
    order_of("brand-exposure", {"video": ["s3://nowhere/*.mp4", "@s3://nowhere/list.txt"]}, errors_only=False, **asked)


def test_each_is_taken_once(folder: Path) -> None:
    found = read_inputs(PROFILE, {"video": ["b.mp4", "./b.mp4", "*.mp4"]})
    assert (len(found.many), found.twice) == (3, 2)


def test_ten_thousand_of_a_list(folder: Path) -> None:
    (folder / "list.txt").write_text("\n".join(f"s3://films/{number}.mp4" for number in range(10_000)))
    found = read_inputs(PROFILE, {"video": ["@list.txt"]}).many
    assert len({job_id_of("batch", at) for at in found}) == 10_000


def test_one_input_is_many_and_the_others_are_shared(folder: Path) -> None:
    found = read_inputs(TWO, {"video": ["*.mp4"], "title": ["Final"]})
    assert (found.key, len(found.many), found.shared) == ("video", 3, {"title": "Final"})
    with pytest.raises(UsageError, match=r"may have many values; 'video' \(3\) and 'title' \(2\) have"):
        read_inputs(TWO, {"video": ["*.mp4"], "title": ["Final", "Semifinal"]})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"video": ["*.avi"]}, r"\*\.avi matches nothing"),
        ({"video": [".cache/"]}, "^$|matches nothing"),
        ({"video": ["@nowhere.txt"]}, "The list nowhere.txt cannot be read"),
        ({"video": ["@empty.txt"]}, "@empty.txt lists no input"),
        ({"video": ["@map.json"]}, "something else than a list of texts"),
        ({"vido": ["b.mp4"]}, "has no input 'vido'.*video"),
        ({}, "needs --input video="),
    ],
)
def test_words_that_stand_for_nothing_are_refused(folder: Path, words: dict[str, list[str]], told: str) -> None:
    (folder / "empty.txt").write_text("# nothing\n")
    (folder / "map.json").write_text('{"a": 1}')
    (folder / ".cache" / "e.mp4").unlink()
    with pytest.raises((InputError, UsageError), match=told):
        read_inputs(PROFILE, words)


def test_patterns_of_keys_stay_within_a_folder() -> None:
    assert _pattern("films/*.mp4").fullmatch("films/a b é.mp4")
    assert not _pattern("films/*.mp4").fullmatch("films/deep/a.mp4")
    assert _pattern("films/**/*.mp4").fullmatch("films/a.mp4")
    assert _pattern("films/**/*.mp4").fullmatch("films/very/deep/a.mp4")
    assert _pattern("[!a-c]?.mp4").fullmatch("dx.mp4")
    assert not _pattern("[!a-c]?.mp4").fullmatch("ax.mp4")
    assert not _pattern("a.mp4").fullmatch("aXmp4")


@pytest.mark.parametrize(
    "at", ["/films/größe 2.mp4", "s3://b/../..", "/x/" + "long" * 99, "/\udcff.mp4", "/-.mp4", "/"]
)
def test_ids_are_those_of_jobs_and_say_the_same_again(at: str) -> None:
    assert JOB_ID.fullmatch(job_id_of("batch", at))
    assert job_id_of("batch", at) == job_id_of("batch", at) != job_id_of("other", at)


def test_a_batch_is_called_by_what_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = placed("*.mp4")
    monkeypatch.chdir(folder / "deep")
    assert batch_id_of("films", here) != batch_id_of("films", placed("*.mp4"))
    assert placed("s3://b/*.mp4") == "s3://b/*.mp4"


def test_what_is_left_is_escaped_and_comes_back() -> None:
    evil = Item("/films/<script>.mp4", "evil", "failed", 1.5, "=cmd()<b>")
    done = Item("/films/b.mp4", "b", "done", 2.0, None, "report.html")
    batch = Batch("films-1", "films", "video", {}, [done, evil], "<i>", "failed", "2026-11-22T10:00:00")
    assert sentence(batch) == "2 inputs: 1 done, 1 failed"
    assert [row["state"] for row in rows(batch)] == ["failed", "done"]
    made = {name: data.decode() for name, (data, _) in files(batch).items()}
    assert "'=cmd()<b>" in made["summary.csv"]
    assert "<script>" not in made["index.html"]
    assert "<i>" not in made["index.html"]
    assert 'href="../../jobs/b/report.html"' in made["index.html"]
    assert _batch(batch.to_json()) == batch


def test_a_folder_counts_what_a_watch_does() -> None:
    assert list(VIDEOS) == watch_flow.VIDEOS
