"""What is left of a batch for people: a table on its run's page, a CSV, a page that links the reports of its jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from flows.batch.item import Batch, Item, sentence
from flows.units import readable_seconds
from stages.pages.spreadsheet import as_csv
from stages.pages.template import rendered

MOST_ROWS = 200  # of a table that a run's page has to show

PAGE = Path(__file__).parent / "page"

COLUMNS = ("input", "job_id", "state", "seconds", "error", "report")

_ORDER = ("failed", "running", "waiting", "done", "kept")


@dataclass(frozen=True)
class Row:
    """An item as the page shows it. `link` leads to its report from where the page lies, in the store and here."""

    name: str
    folder: str
    job_id: str
    state: str
    time: str
    error: str
    link: str


@dataclass(frozen=True)
class Page:
    """What index.html shows."""

    batch: Batch
    told: str
    rows: Sequence[Row]


def files(batch: Batch) -> dict[str, tuple[bytes, str]]:
    """The files of a batch beside its manifest, each with its media type. Without jinja2 there is no page."""
    made = {"summary.csv": (as_csv(COLUMNS, map(_cells, batch.items)), "text/csv")}
    if find_spec("jinja2"):
        page = Page(batch, sentence(batch), [_row(item) for item in _ordered(batch)])
        made["index.html"] = (rendered(PAGE, page).encode("utf-8", "replace"), "text/html")
    return made


def rows(batch: Batch) -> list[dict[str, str]]:
    """A row for each input, those first that somebody should look at; not all of many."""
    return [
        {
            "input": item.input,
            "state": item.state,
            "job": item.job_id,
            "time": readable_seconds(item.seconds),
            "error": item.error or "",
        }
        for item in _ordered(batch)[:MOST_ROWS]
    ]


def _ordered(batch: Batch) -> list[Item]:
    return sorted(batch.items, key=lambda item: _ORDER.index(item.state))


def _cells(item: Item) -> dict[str, str | float | None]:
    return {**{column: getattr(item, column) for column in COLUMNS[:-1]}, "report": _link(item)}


def _row(item: Item) -> Row:
    folder, _, name = item.input.rpartition("/")
    time = readable_seconds(item.seconds) if item.ended else ""
    return Row(name or item.input, folder, item.job_id, item.state, time, item.error or "", _link(item))


def _link(item: Item) -> str:
    return f"../../jobs/{item.job_id}/{item.page}" if item.page and item.state in ("done", "kept") else ""
