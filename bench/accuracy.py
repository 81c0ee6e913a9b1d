"""How right, and how dear: the profile brand-exposure and the plain script, side by side, on films with known truth.

    python -m bench.accuracy [--seeds 11 12 13 14] [--empty 15] [--video FILE --truth FILE]… [--long 600]
                             [--films DIR] [--set STAGE.FIELD=VALUE]… [--without-plain] [--json FILE]

Each way runs as a command of its own, whose whole tree of processes is measured; services that run already are not in
it, and neither is rendering. Prints a table in Markdown, a row a film, `ours / plain` in each cell.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from bench.figures import Figures, measure_ours, measure_plain
from bench.films import Sample, drawn_film, given_film, long_film
from bench.plan import KINDS, Wishes
from bench.services import running

SEEDS, EMPTY = (11, 12, 13, 14), (15,)
"""The films when none is asked for."""

Row = Mapping[str, Figures]
"""Way of measuring -> its figures."""

COLUMNS = {
    "F1": "f1",
    "recall": "recall",
    "precision": "precision",
    "tracks found": "tracks",
    "misplaced": "misplaced",
    "false seconds": "false_s",
    "longest exposure, s": "longest_s",
    "CPU-s a second": "cpu",
    "× real time": "speed",
    "peak MB": "peak_mb",
}
NO_BRANDS = ("F1", "recall", "precision", "tracks found")
"""Columns that say nothing about a film without a brand."""
ONLY_EMPTY = "longest exposure, s"
"""A column that says something only about such a film."""


def table(rows: Mapping[str, Row], empty: Sequence[str] = ()) -> str:
    """The table. `rows`: figures by the film's name; `empty`: the films without a brand."""
    lines = [_line(["film", *COLUMNS]), _line(["---", *["---:"] * len(COLUMNS)])]
    for film, row in rows.items():
        silent = NO_BRANDS if film in empty else (ONLY_EMPTY,)
        cells = [
            "–" if title in silent else " / ".join(str(asdict(figures)[name]) for figures in row.values())
            for title, name in COLUMNS.items()
        ]
        lines.append(_line([film, *cells]))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def is_empty(sample: Sample) -> bool:
    """Whether no brand is ever to be seen in a film."""
    return not any(track["brand"] for track in sample.truth["tracks"])


def measure(sample: Sample, settings: Sequence[str], with_plain: bool) -> dict[str, Figures]:
    """Ours first; then the plain script, if it is wanted."""
    row = {"ours": measure_ours(sample, settings)}
    return row | {"plain": measure_plain(sample)} if with_plain else row


def chosen_films(given: argparse.Namespace, folder: Path) -> Iterator[Sample]:
    """The films that are asked for; rendered where they do not lie there yet."""
    if len(given.video) != len(given.truth):
        sys.exit(f"{len(given.video)} --video but {len(given.truth)} --truth: give one for each film.")
    asked = given.video or given.long or given.seeds is not None or given.empty is not None
    for video, truth in zip(given.video, given.truth, strict=True):
        yield given_film(video, truth)
    for seed in given.seeds or (() if asked else SEEDS):
        yield drawn_film(folder, Wishes(seed, given.seconds, given.kind))
    for seed in given.empty or (() if asked else EMPTY):
        yield drawn_film(folder, Wishes(seed, given.seconds, given.kind, empty=True))
    if given.long:
        yield long_film(folder, given.long)


@contextmanager
def films_folder(given: Path | None) -> Iterator[Path]:
    """The folder for films: the given one, which stays, or one that goes afterwards."""
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="bench-films-") as folder:
        yield Path(folder)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    given = _parser().parse_args(arguments)
    rows: dict[str, dict[str, Figures]] = {}
    with films_folder(given.films) as folder:
        samples = list(chosen_films(given, folder))
        with running():
            for sample in samples:
                rows[sample.name] = measure(sample, given.settings, not given.without_plain)
                print(f"{sample.name}: {rows[sample.name]}", file=sys.stderr, flush=True)
                if given.json:  # after each film: the next may take long, or fail
                    told = {film: {way: asdict(f) for way, f in row.items()} for film, row in rows.items()}
                    given.json.write_text(json.dumps(told, indent=1))
    print(table(rows, [sample.name for sample in samples if is_empty(sample)]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description="Ours and the plain script on films.")
    parser.add_argument("--seeds", type=int, nargs="+", help=f"films to draw; default, if none is named: {SEEDS}")
    parser.add_argument("--empty", type=int, nargs="+", metavar="SEED", help="films without a brand")
    parser.add_argument("--seconds", type=float, default=30, help="length of the films that are drawn")
    parser.add_argument("--kind", choices=sorted(KINDS), default="varied")
    parser.add_argument("--video", type=Path, action="append", default=[], help="a film, with its --truth")
    parser.add_argument("--truth", type=Path, action="append", default=[])
    parser.add_argument("--long", type=float, metavar="SECONDS", help="a film of 1280x720 of this length")
    parser.add_argument("--films", type=Path, help="where films are rendered, and kept; default: a temporary folder")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="STAGE.FIELD=VALUE")
    parser.add_argument("--without-plain", action="store_true", help="measure ours only")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    return parser


if __name__ == "__main__":
    main()
