"""The peer of the part `sample`: the same functions called by hand on plain Ray, without Prefect, store or envelopes.

    python -m bench.ray_plain VIDEO BRANDS.json [--workers 2]

What a user would write who has the stages' functions and a Ray: steps one after the other in the driver, items handed
to a pool of actors that keep their models, pictures in a folder that all of them see. Nothing is kept for the next run,
nothing is told while it goes, and a lost actor ends it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import ray
from ray.util import ActorPool

from stages import RuntimeContext
from stages.brands.match_brands import MatchBrandsConfig, match_brands
from stages.brands.track_exposures import TrackExposuresConfig, track_exposures
from stages.core.blobs import BlobRef, BlobStore, using
from stages.datatypes import Video
from stages.report.compile_report import CompileReportConfig, compile_report
from stages.text.find_text import FindTextConfig, find_text
from stages.text.follow_text import FollowTextConfig, follow_text
from stages.text.read_text import ReadTextConfig, read_text
from stages.video.extract_frames import ExtractFramesConfig, extract_frames


@dataclass(frozen=True)
class Folder:
    """Binaries in files, by digest."""

    path: str

    def put(self, data: bytes, media_type: str = "application/octet-stream") -> BlobRef:
        """Write a file."""
        digest = hashlib.sha256(data).hexdigest()
        (Path(self.path) / digest).write_bytes(data)
        return {"blob": f"sha256:{digest}", "size": len(data), "media_type": media_type}

    def get(self, ref: BlobRef) -> bytes:
        """A whole file."""
        return self.read(ref, 0, ref["size"])

    def read(self, ref: BlobRef, start: int, size: int) -> bytes:
        """A part of a file."""
        with (Path(self.path) / ref["blob"].removeprefix("sha256:")).open("rb") as file:
            file.seek(start)
            return file.read(size)


class Worker:
    """An actor: keeps what a step's setup made."""

    def __init__(self, folder: Folder) -> None:
        self._blobs = cast(BlobStore, folder)
        self._fn: Callable[..., Any] | None = None
        self._made: tuple[Any, ...] = ()

    def prepare(self, fn: Callable[..., Any], setup: Callable[[], Any] | None) -> None:
        """Take over a step."""
        self._fn, self._made = fn, (setup(),) if setup else ()

    def run(self, item: Any) -> Any:
        """Deal with one item."""
        assert self._fn is not None
        with using(self._blobs):
            return self._fn(*self._made, item)


class Pool:
    """What steps are given to spread items with."""

    def __init__(self, workers: int, folder: Folder) -> None:
        kind: Any = ray.remote(num_cpus=1)(Worker)
        self._actors = [kind.remote(folder) for _ in range(workers)]

    def map(
        self, fn: Callable[..., Any], items: Iterable[Any], *, setup: Any = None, in_flight: int | None = None
    ) -> Iterator[Any]:
        """The results in the order of the items, all of which are handed out at once."""
        ray.get([actor.prepare.remote(fn, setup) for actor in self._actors])
        yield from ActorPool(self._actors).map(lambda actor, item: actor.run.remote(item), items)


def report(video: Path, brands: list[str], workers: int, folder: Folder) -> int:
    """All steps with the shipped settings but for the brands; how many exposures there are."""
    ctx = RuntimeContext(logging.getLogger("plain"), {}, spread=Pool(workers, folder))
    with using(cast(BlobStore, folder)):
        frames, motion = extract_frames(Video.from_address(str(video)), ExtractFramesConfig(), ctx)
        regions = find_text(frames, FindTextConfig(), ctx)
        tracks = follow_text(motion, frames, regions, FollowTextConfig(), ctx)
        readings = read_text(frames, tracks, ReadTextConfig(), ctx)
        detections, unresolved = match_brands(readings, tracks, MatchBrandsConfig(brands=brands), ctx)
        detections, exposures = track_exposures(detections, motion, frames, TrackExposuresConfig(), ctx)
        compile_report(frames, detections, exposures, CompileReportConfig(), ctx, unresolved, motion=motion)
    return len(exposures.rows)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.ray_plain")
    parser.add_argument("video", type=Path)
    parser.add_argument("brands", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    ray.init(log_to_driver=False, logging_level=logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="bench-plain-") as folder:
        print(report(given.video, json.loads(given.brands.read_text()), given.workers, Folder(folder)))
    ray.shutdown()


if __name__ == "__main__":
    main()
