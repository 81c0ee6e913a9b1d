"""What a batch of short videos costs beyond its stages: `stagewright batch` on real services, in a home of its own.

    python -m bench.batch [--count 200] [--at-once 1] [--profile brand-exposure]

Videos of a second each are rendered (`bench.sample`) and run: `cold` when nothing is stored, `kept` the same again. The
seconds of the stages are those that the jobs' manifests tell; the rest is Prefect, store, keys, manifests, artifacts.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.cost import run_measured
from bench.sample import render_sample
from bench.services import running
from flows.connections import open_blobs
from flows.settings import read_settings
from stages.core.objects import ObjectStore

TABLES = ("flow_run", "flow_run_state", "task_run", "task_run_state", "artifact", "events", "log")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--profile", default="brand-exposure")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-batch-") as folder, running():
        for seed in range(given.count):
            render_sample(Path(folder) / f"film-{seed:05}.mp4", seconds=1, size=(320, 180), seed=seed)
        measure(given.profile, Path(folder), given.count, given.at_once)


def measure(profile: str, folder: Path, count: int, at_once: int) -> None:
    """Run the videos of a folder twice; prints a line for each figure."""
    store, database = open_blobs(read_settings()).store, _Database()
    before, rows_before = database.bytes(), database.rows()
    command = [str(Path(sys.executable).with_name("stagewright")), "batch", profile, "--json"]
    command += ["--input", f"video={folder}", "--at-once", str(at_once)]
    for mode in ("cold", "kept"):
        started = time.perf_counter()
        cost = run_measured(command)
        wall, said = time.perf_counter() - started, json.loads(cost.said)
        stages = sum(_stage_seconds(store, item["job_id"]) for item in said["items"]) if mode == "cold" else 0.0
        slowest = max(item["seconds"] for item in said["items"])
        _line(f"{mode}: {said['counts']}", wall, "s")
        _line(f"{mode}: seconds a video", wall / count, "s")
        _line(f"{mode}: of which stages", stages / count, "s")
        _line(f"{mode}: beyond its stages", (wall - stages) / count, "s")
        _line(f"{mode}: slowest video", slowest, "s")
        _line(f"{mode}: most memory of the process", cost.peak_bytes / 1e6, "MB")
    time.sleep(10)  # the server notes task runs and events late
    for table, rows in database.rows().items():
        _line(f"rows of {table} a video", (rows - rows_before[table]) / count, "")
    _line("database growth for 1,000 runs", (database.bytes() - before) / count / 1e3, "MB")
    started = time.perf_counter()
    objects = list(_objects(store))
    _line(f"list of {len(objects)} objects", time.perf_counter() - started, "s")
    _line("objects a video", len(objects) / count, "")
    _line("bytes in the store a video", sum(size for _, size in objects) / count / 1e3, "kB")


class _Database:
    """The local server's SQLite database, read beside it."""

    def __init__(self) -> None:
        self._file = Path(os.environ["STAGEWRIGHT_HOME"]) / "prefect" / "prefect.db"

    def rows(self) -> dict[str, int]:
        with sqlite3.connect(f"file:{self._file}?mode=ro", uri=True) as database:
            return {table: database.execute(f"select count(*) from {table}").fetchone()[0] for table in TABLES}

    def bytes(self) -> int:
        """Of its pages, whether they lie in the file or in its log."""
        with sqlite3.connect(f"file:{self._file}?mode=ro", uri=True) as database:
            pages, size = (database.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "page_size"))
            return int(pages * size)


def _stage_seconds(store: ObjectStore, job_id: str) -> float:
    manifest: dict[str, Any] = json.loads(store.get(f"jobs/{job_id}/manifest.json"))
    return sum(stage["seconds"] for stage in manifest["stages"] if stage["status"] == "ran")


def _objects(store: ObjectStore) -> Iterator[tuple[str, int]]:
    pages = store.client.get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=store.address.bucket, Prefix=store.address.prefix):
        yield from ((found["Key"], found["Size"]) for found in page.get("Contents", []))


def _line(what: str, value: float, unit: str) -> None:
    print(f"{what:<60}{value:>12.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()
