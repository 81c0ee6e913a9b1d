"""A look at a watched folder: what is started, what is noted, what is left; whatever dies in between."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.watch.ends import RunEnd
from flows.watch.summary import rows, sentence, summary
from stages.core.errors import CheckpointError, UsageError
from tests.unit.watching import DONE, Died, World

FAILED = RunEnd("failed", "Stage 'read_text' failed: boo", "2026-11-22T10:00:00.000+00:00")


@pytest.fixture
def world() -> World:
    """An empty folder, an empty store, a server without runs."""
    return World()


class TestNew:
    def test_each_object_is_started_once_and_noted_until_its_end(self, world: World) -> None:
        world.bucket.put("a.mp4")
        world.bucket.put("b.mp4")
        assert sentence(world.look()) == "2 started, 2 running"
        assert sentence(world.look()) == "2 running"
        world.server.end()
        assert [note.state for note in world.look().ended] == ["done", "done"]
        assert sentence(world.look()) == "2 done"
        assert world.server.created == [("a.mp4", "1"), ("b.mp4", "1")]
        assert world.notes()["a.mp4"].ended == DONE.ended
        assert all("/done/" in key for key in world.store.objects)

    def test_the_run_has_the_job_id_of_its_note(self, world: World) -> None:
        world.bucket.put("cam 1/cup final.mp4")
        world.look()
        note = world.notes()["cam 1/cup final.mp4"]
        assert world.server.jobs[str(note.flow_run_id)] == note.job_id
        assert str(note.job_id).startswith("cup-final.mp4-")

    def test_other_content_is_another_object(self, world: World) -> None:
        world.bucket.put("a.mp4", "1")
        world.look()
        world.bucket.put("a.mp4", "2")
        world.look()
        world.bucket.put("a.mp4", "1")
        world.look()
        assert world.server.created == [("a.mp4", "1"), ("a.mp4", "2")]
        assert len(set(world.server.jobs.values())) == 2

    def test_the_oldest_come_first_and_no_more_than_wanted(self, world: World) -> None:
        for name, age in (("a", 10), ("b", 30), ("c", 20)):
            world.bucket.put(name, age=age)
        assert world.look(at_most=2).waiting == 1
        assert [name for name, _ in world.server.created] == ["b", "c"]
        assert world.look(at_most=2).waiting == 0
        assert len(world.server.created) == 3

    def test_names_that_do_not_count_are_ignored(self, world: World) -> None:
        for name in ("a.mp4", "B.MP4", "notes.txt", "mp4"):
            world.bucket.put(name)
        assert world.look(suffixes=(".mp4", ".mov")).ignored == 2
        assert {name for name, _ in world.server.created} == {"a.mp4", "B.MP4"}

    def test_what_is_younger_than_wanted_waits(self, world: World) -> None:
        world.bucket.put("old", age=100)
        world.bucket.put("young", age=5)
        assert world.look(settled_seconds=60).waiting == 1
        assert world.states() == {"old": "started"}


class TestBad:
    def test_a_failure_is_noted_with_its_error_and_concerns_nobody_else(self, world: World) -> None:
        world.bucket.put("a")
        world.look()
        world.server.end(FAILED)
        world.bucket.put("b")
        sight = world.look()
        assert world.notes()["a"].error == FAILED.error
        assert summary(sight)["errors"] == {"s3://films/in/a": FAILED.error}
        assert [(row["object"], row["state"]) for row in rows(sight)] == [
            ("s3://films/in/a", "failed"),
            ("s3://films/in/b", "started"),
        ]
        assert len(world.look().started) == 0

    def test_an_empty_object_is_refused_until_it_has_content(self, world: World) -> None:
        world.bucket.put("a", "0", size=0)
        world.look()
        assert world.look().ended == []
        assert world.notes()["a"].error == "s3://films/in/a is empty (0 bytes). Upload it again."
        world.bucket.put("a", "1")
        world.look()
        assert world.server.created == [("a", "1")]

    def test_one_whose_key_is_no_address_is_refused(self, world: World) -> None:
        world.bucket.put("a\nb")
        world.look()
        assert "Give the object another name." in str(world.notes()["a\nb"].error)

    def test_what_the_deployment_refused_is_tried_again_when_it_is_asked_otherwise(self, world: World) -> None:
        world.bucket.put("a")
        world.server.refuses = {"a"}
        world.look()
        assert (world.states(), world.notes()["a"].error) == ({"a": "refused"}, "no a here")
        world.server.refuses = set()
        assert world.look().started == []
        world.server.asked = "with other parameters"
        assert len(world.look().started) == 1

    def test_one_that_was_replaced_is_no_longer_shown(self, world: World) -> None:
        world.bucket.put("a")
        world.look()
        world.server.end(FAILED)
        world.bucket.put("a", "2")
        assert summary(world.look())["errors"] == {}


class TestEnds:
    def test_a_failed_run_that_is_retried_in_prefect_is_followed(self, world: World) -> None:
        world.bucket.put("a")
        world.look()
        for told in (FAILED, RunEnd("started"), DONE):
            world.server.told["run-0"] = told
            world.look()
            assert world.states() == {"a": told.state}

    @pytest.mark.parametrize("state", ["done", "failed", "cancelled", "crashed"])
    def test_of_a_run_that_the_server_does_not_know_the_job_itself_tells(self, world: World, state: str) -> None:
        world.bucket.put("a")
        world.look()
        world.server.told.clear()
        left = {"state": state, "error": "so it says", "ended": "2026-11-22T11:00:00.000+00:00"}
        world.store.put(f"jobs/{world.notes()['a'].job_id}/manifest.json", json.dumps(left).encode())
        world.look()
        note = world.notes()["a"]
        assert (note.state, note.error, note.ended) == (state, left["error"], left["ended"])

    @pytest.mark.parametrize("left", [None, b'{"state": "running"}', b"{", b"[]"])
    def test_one_of_which_nobody_knows_is_crashed_until_somebody_does(self, world: World, left: bytes | None) -> None:
        world.bucket.put("a")
        world.look()
        world.server.told.clear()
        key = f"jobs/{world.notes()['a'].job_id}/manifest.json"
        if left:
            world.store.put(key, left)
        assert world.look().started == []
        assert f"{key} tells of no end" in str(world.notes()["a"].error)
        world.store.put(key, b'{"state": "done"}')
        world.look()
        assert world.states() == {"a": "done"}


class TestAgain:
    def test_all_that_failed_or_one_by_its_name_or_address(self, world: World) -> None:
        for name in ("a", "b", "c"):
            world.bucket.put(name)
        world.bucket.put("d", size=0)
        world.look()
        world.server.told |= {"run-0": DONE, "run-1": FAILED, "run-2": replace(FAILED, state="crashed")}
        assert len(world.look(again=("all",)).started) == 2
        assert world.states() == {"a": "done", "b": "started", "c": "started", "d": "refused"}
        world.server.end()
        world.look(again=("a", "s3://films/in/b"))
        assert Counter(name for name, _ in world.server.created) == {"a": 2, "b": 3, "c": 2}
        assert world.notes()["b"].attempt == 3
        assert len(set(world.server.jobs.values())) == 7

    def test_what_runs_is_left_alone(self, world: World) -> None:
        world.bucket.put("a")
        world.look()
        assert world.look(again=("a", "all")).started == []

    def test_a_name_that_nothing_has_is_told_and_nothing_is_done(self, world: World) -> None:
        world.bucket.put("match.mp4")
        with pytest.raises(UsageError, match=r"'macth.mp4' cannot be started again: .* Did you mean 'match.mp4'\?"):
            world.look(again=("macth.mp4",))
        assert world.server.created == []

    def test_what_waits_is_started_by_a_later_look_or_refused_when_it_has_gone(self, world: World) -> None:
        for name in ("a", "b"):
            world.bucket.put(name)
        world.look()
        world.server.end(FAILED)
        assert world.look(again=("all",), at_most=1).waiting == 1
        del world.bucket.files["b"]
        assert [note.state for note in world.look().ended] == ["refused"]
        assert world.states() == {"a": "started", "b": "refused"}
        assert "is gone, was overwritten" in str(world.notes()["b"].error)


class TestLedger:
    def test_a_note_that_was_deleted_is_found_again(self, world: World) -> None:
        world.bucket.put("a")
        world.look()
        world.store.objects.clear()
        world.look()
        world.server.end()
        world.look()
        assert (world.states(), len(world.server.created)) == ({"a": "done"}, 1)

    def test_what_was_done_stays_done_though_the_server_has_forgotten_all(self, world: World) -> None:
        world.bucket.put("a")
        world.look()
        world.server.end()
        world.look()
        world.server.runs.clear()
        world.server.told.clear()
        assert sentence(world.look()) == "1 done"

    def test_one_that_died_while_it_noted_the_end_has_noted_it(self, world: World) -> None:
        world.bucket.put("a")
        world.look()
        world.server.end()
        world.life.left = 2  # written where it belongs, not yet taken from where it does not
        with pytest.raises(Died):
            world.look()
        assert len(world.store.objects) == 2
        world.life.left = None
        world.server.told.clear()
        world.look()
        assert world.states() == {"a": "done"}
        assert len(world.store.objects) == 1

    def test_one_that_died_while_it_noted_what_is_asked_for_again_has_noted_it(self, world: World) -> None:
        world.bucket.put("a")
        world.look()
        world.server.end()
        world.look()
        world.life.left = 2
        with pytest.raises(Died):
            world.look(again=("a",))
        world.life.left = None
        world.look()
        assert world.states() == {"a": "started"}
        assert len(world.store.objects) == 1
        assert len(world.server.created) == 2

    def test_each_object_has_one_note(self, world: World) -> None:
        world.bucket.put("a")
        for again in ((), ("a",), ("a",)):
            world.look(again=again)
            assert len(world.store.objects) == 1
            world.server.end()
            world.look()
            assert len(world.store.objects) == 1

    def test_a_note_that_is_none_is_told(self, world: World) -> None:
        world.bucket.put("a")
        world.look()
        [key] = world.store.objects
        world.store.put(key, b'{"format": 2}')
        with pytest.raises(CheckpointError, match=rf"{key} is no note of format 1 .* Delete it"):
            world.look()


UPLOAD = st.tuples(st.just("upload"), st.sampled_from("ab"), st.sampled_from("12"))
LOOK = st.tuples(st.just("look"), st.none() | st.integers(0, 12), st.sampled_from([(), (), ("all",)]))
END = st.tuples(st.just("end"), st.sampled_from([DONE, FAILED]), st.none())


@given(st.lists(UPLOAD | LOOK | END, max_size=14))
def test_whatever_dies_and_when_each_content_is_started_once_and_once_more_where_that_is_asked(
    story: list[tuple[str, object, object]],
) -> None:
    world, asked = World(), 0
    for what, one, other in story:
        if what == "upload":
            world.bucket.put(str(one), str(other))
        elif what == "end":
            world.server.end(one)  # type: ignore[arg-type]
        else:
            world.life.left, asked = one, asked + bool(other)  # type: ignore[assignment]
            with suppress(Died):
                world.look(again=other)
    world.life.left = None
    world.look()
    world.server.end()
    world.look()
    times = Counter(world.server.created)
    assert set(times) >= {(name, etag) for name, (etag, *_) in world.bucket.files.items()}
    assert all(1 <= count <= 1 + asked for count in times.values())
    assert asked or set(times.values()) <= {1}
    assert len(set(world.server.jobs.values())) == len(world.server.created)
    sight = world.look()
    assert sight.done + len(sight.notes) == len(world.bucket.files)
    assert not [note for note in sight.notes.values() if note.state in ("started", "again")]
