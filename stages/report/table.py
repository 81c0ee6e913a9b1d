"""exposures.csv: the exposures for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = ("id", "brand", "start_s", "end_s", "seconds", "mean_area", "mean_score", "best_t", "image")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(exposures: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows of the report's exposures as CSV (RFC 4180, UTF-8 with a mark that spreadsheets look for)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row[column]) for column in COLUMNS] for row in exposures)
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, "CSV Injection")."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return "'" + value
    return "" if value is None else value
