"""Why items are spread over threads: RapidOCR on rendered frames by one thread, by threads, by spawned processes.

    python -m bench.spread [--frames 24] [--size 1280x720]

Every reader is an ONNX session of one thread. Processes load their models anew and are given whole pictures.
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
from stages.text.reader import TextReader

_reader: TextReader | None = None


def _frames(count: int, size: tuple[int, int]) -> list[Any]:
    import av

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        render_sample(path, seconds=count / 2, size=size)
        with av.open(str(path)) as film:
            every = (frame for i, frame in enumerate(film.decode(video=0)) if i % 12 == 0)
            return [frame.to_ndarray(format="bgr24") for frame, _ in zip(every, range(count), strict=False)]


def _made() -> TextReader:
    return TextReader(longest_side=960, min_score=0.5)


def _start_reader() -> None:
    global _reader
    _reader = _made()


def _read_here(picture: Any) -> int:
    assert _reader is not None
    return len(_reader.read(picture))


def _processes(frames: list[Any], workers: int) -> Iterator[int]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_reader) as pool:
        yield from pool.map(_read_here, frames)


def _timed(label: str, run: Callable[[], Iterator[Any]]) -> None:
    cpu, wall = sum(os.times()[:4]), time.perf_counter()
    found = sum(len(r) if isinstance(r, list) else r for r in run())
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
    _timed("one thread", lambda: SerialSpread().map(TextReader.read, frames, setup=_made))
    _timed(f"{workers} threads", lambda: threads.map(TextReader.read, frames, setup=_made))
    _timed(f"{workers} processes", lambda: _processes(frames, workers))
    threads.close()


if __name__ == "__main__":
    main()
