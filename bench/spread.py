"""Why items are spread over threads: text sought in rendered frames by one thread, by threads, by spawned processes.

    python -m bench.spread [--frames 24] [--size 1280x720]

Every detector is an ONNX session of one thread. Processes load their models anew and are given whole pictures.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from bench.sample import render_sample
from stages.core.spread import SerialSpread, ThreadSpread
from stages.text.detector import TextDetector

_detector: TextDetector | None = None


def _frames(count: int, size: tuple[int, int]) -> list[Any]:
    import av

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        render_sample(path, seconds=count / 2, size=size)
        with av.open(str(path)) as film:
            every = (frame for i, frame in enumerate(film.decode(video=0)) if i % 12 == 0)
            return [frame.to_ndarray(format="bgr24") for frame, _ in zip(every, range(count), strict=False)]


def _made() -> TextDetector:
    return TextDetector(longest_side=736, least_score=0.5)


def _found(detector: TextDetector, picture: Any) -> int:
    return len(detector.find(picture)[1])


def _start_detector() -> None:
    global _detector
    _detector = _made()


def _find_here(picture: Any) -> int:
    assert _detector is not None
    return _found(_detector, picture)


def _processes(frames: list[Any], workers: int) -> Iterator[int]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_detector) as pool:
        yield from pool.map(_find_here, frames)


def _timed(label: str, run: Callable[[], Iterator[Any]]) -> None:
    cpu, wall = sum(os.times()[:4]), time.perf_counter()
    found = sum(run())
    cpu, wall = sum(os.times()[:4]) - cpu, time.perf_counter() - wall
    print(f"{label:<14}{wall:>8.1f} s wall {cpu:>8.1f} s cpu   {found} lines")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", default="1280x720")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    frames, workers = _frames(given.frames, (width, height)), os.cpu_count() or 1
    threads = ThreadSpread(workers)
    _timed("one thread", lambda: SerialSpread().map(_found, frames, setup=_made))
    _timed(f"{workers} threads", lambda: threads.map(_found, frames, setup=_made))
    _timed(f"{workers} processes", lambda: _processes(frames, workers))
    threads.close()


if __name__ == "__main__":
    main()
