"""What is kept and what runs: through the command line, on real services."""

from __future__ import annotations

from tests.integration.driving import Toys, in_process

ALL = ["measure", "scale 2", "scale 3", "source", "sum"]


def test_a_first_run_runs_every_stage_and_a_second_keeps_them_all(toys: Toys) -> None:
    first = toys.run()
    assert first.code == 0, first.err
    assert set(first.statuses.values()) == {"ran"}
    assert first.json["outputs"]["total"] == {"sum": 225, "parts": 2, "plus": 0}
    assert first.json["outputs"]["raw_length"] == 10
    assert toys.ran() == ALL
    second = toys.run()
    assert set(second.statuses.values()) == {"kept"}
    assert second.json["outputs"] == first.json["outputs"]
    assert toys.ran() == []


def test_a_changed_setting_runs_its_stage_and_what_depends_on_it(toys: Toys) -> None:
    toys.run()
    toys.ran()
    changed = toys.run("--set", "triple.factor=4")
    assert changed.statuses == {
        "toy_source": "kept", "double": "kept", "triple": "ran", "toy_sum": "ran", "toy_measure": "kept",
    }  # fmt: skip
    assert toys.ran() == ["scale 4", "sum"]
    assert changed.json["outputs"]["total"]["sum"] == 270


def test_a_change_that_writes_the_same_stops_there(toys: Toys) -> None:
    toys.run()
    toys.ran()
    changed = toys.run("--set", "toy_source.noise=1")
    assert changed.statuses["toy_source"] == "ran"
    assert toys.ran() == ["source"]


def test_the_same_stage_with_the_same_settings_and_reads_is_kept_for_another_entry(toys: Toys) -> None:
    toys.run()
    toys.ran()
    assert toys.run("--set", "triple.factor=2").statuses["triple"] == "kept"
    assert toys.ran() == ["sum"]


def test_refresh_runs_a_kept_stage_again_and_the_rest_only_if_it_wrote_something_else(toys: Toys) -> None:
    toys.run()
    toys.ran()
    assert toys.run("--refresh", "double").statuses["toy_sum"] == "kept"
    assert toys.ran() == ["scale 2"]
    assert set(toys.run("--refresh", "all").statuses.values()) == {"ran"}


def test_a_stage_that_is_not_pure_runs_every_time_and_what_reads_it_follows_what_it_wrote(toys: Toys) -> None:
    toys.profile = "name: clock\nstages: [toy_clock, toy_words]\n"
    toys.run()
    assert toys.run().statuses == {"toy_clock": "ran", "toy_words": "kept"}


def test_a_stage_with_a_form_of_its_own_is_kept_and_read_in_it(toys: Toys) -> None:
    toys.profile = "name: words\nstages: [toy_words, toy_join]\n"
    assert toys.run().json["outputs"]["line"] == "a-b"
    toys.ran()
    again = toys.run("--refresh", "toy_join")
    assert again.statuses == {"toy_words": "kept", "toy_join": "ran"}
    assert again.json["outputs"]["line"] == "a-b"
    shown = toys.command("show", again.json["job_id"], "toy_words", "--json").json
    assert shown["own"]["text"] == "a b"
    assert [blob["size"] for blob in shown["blobs"]] == [5]


def test_branches_run_side_by_side(toys: Toys) -> None:
    assert toys.run("--set", "double.wait=1", "--set", "triple.wait=1").code == 0
    times = {}
    for line in (toys.folder / "ran.times").read_text().splitlines():
        factor, what, at = line.split()
        times[factor, what] = float(at)
    assert times["2", "start"] < times["3", "end"]
    assert times["3", "start"] < times["2", "end"]


def test_a_switched_off_stage_is_left_out_where_its_reader_can_do_without(toys: Toys) -> None:
    off = toys.run("--disable", "triple")
    assert off.statuses["triple"] == "skipped"
    assert off.json["outputs"]["total"] == {"sum": 90, "parts": 1, "plus": 0}
    refused = toys.run("--disable", "double")
    assert refused.code == 2
    assert "double" in refused.json["error"]


def test_the_same_job_id_goes_on_in_its_own_folder(toys: Toys) -> None:
    assert toys.run("--job-id", "mine").json["job_id"] == "mine"
    assert toys.run("--job-id", "mine").statuses["toy_sum"] == "kept"
    assert toys.run().code == 0
    assert [job["job_id"] == "mine" for job in toys.command("jobs", "--json").json] == [False, True]
    assert in_process("show", "last", "--json").json["job_id"] != "mine"
    assert toys.run("--job-id", "../mine").code == 2


def test_plan_tells_what_would_run_and_why(toys: Toys) -> None:
    job = toys.run().json["job_id"]
    told = in_process("plan", str(toys.file), "--kept", "--json", "--set", "triple.factor=4").json["forecast"]
    assert {one["id"]: one["status"] for one in told} == {
        "toy_source": "kept", "double": "kept", "triple": "run", "toy_sum": "open", "toy_measure": "kept",
    }  # fmt: skip
    why = {one["id"]: one["why"] for one in told}
    assert why["double"] == f"made by job {job}"
    assert why["triple"] == "has no result for these settings, this code and what it reads"
    assert why["toy_sum"] == "depends on what triple will write"
    assert toys.ran() == ["measure", "scale 2", "scale 3", "source", "sum"]


def test_outputs_show_small_json_as_it_is_and_the_rest_by_its_place(toys: Toys) -> None:
    toys.profile = "name: odd\nstages: [toy_odd]\n"
    shown = toys.run().json["outputs"]
    assert shown["nothing"] is None
    assert shown["endless"]["uri"].startswith("s3://")
