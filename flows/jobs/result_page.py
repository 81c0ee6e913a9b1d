"""What a stage told beside its result, as the run page shows it in Markdown: its metrics, and the files it logged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flows.units import readable_bytes
from stages.core.blobs import blob_key
from stages.core.envelope import Envelope

MOST_FILES, MOST_PICTURES = 50, 6
"""The page is there to be looked at: of a file an epoch the last ones are shown. The envelope has all."""

_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")

File = Mapping[str, Any]
Link = Callable[[str, str], str]
"""The address of an object that works in a browser, by its key and the name under which it is saved."""


def metric_rows(envelope: Envelope) -> Iterator[str]:
    """A row of the table for each category."""
    for category, figures in envelope.metrics.items():
        told = ", ".join(f"{name} {_number(value)}" for name, value in figures.items())
        yield f"| metrics: {cell(category)} | {cell(told)} |"


def file_lines(envelope: Envelope, link: Link) -> list[str]:
    """A list of the files, and the pictures among them. `link` gives the address of a key."""
    shown = envelope.files[-MOST_FILES:]
    pictures = [file for file in shown if file["blob"]["media_type"] in _PICTURES][-MOST_PICTURES:]
    if not shown:
        return []
    said = "Files that it logged (links work for 7 days):"
    return [
        "",
        said,
        "",
        *_list(shown, link),
        *_passed_over(envelope, shown),
        *(f"\n!{_link(file, link)}" for file in pictures),
    ]


def cell(text: Any) -> str:
    """Text that stays inside its cell of a Markdown table and is no markup."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", str(text)).replace("\n", " ")


def _list(shown: Sequence[File], link: Link) -> Iterator[str]:
    for file in shown:
        yield f"- {_link(file, link)} · {cell(file['event'])} · {readable_bytes(file['blob']['size']) or 'empty'}"


def _passed_over(envelope: Envelope, shown: Sequence[File]) -> list[str]:
    more = len(envelope.files) - len(shown)
    return [f"- and {more} before these: `stagewright show JOB STAGE` has all"] if more else []


def _link(file: File, link: Link) -> str:
    return f"[{cell(file['name'])}]({link(blob_key(file['blob']['blob']), file['name'])})"


def _number(value: Any) -> Any:
    """Six digits of it: nobody reads more."""
    return f"{value:.6g}" if isinstance(value, float) else value
