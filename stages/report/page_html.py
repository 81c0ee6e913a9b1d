"""report.html: one file that needs nothing else, with every text in it escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from stages.report.page_data import PageData

FOLDER = Path(__file__).parent / "page"


def template_files() -> list[Path]:
    """What the page is made of, besides code."""
    return sorted(FOLDER.iterdir())


def render_page(data: PageData) -> str:
    """The page, with marks in the places of what only the job knows (see stages.datatypes.stamp)."""
    return str(_template().render(page=data, style=(FOLDER / "page.css").read_text("utf-8")))


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": clock, "seconds": seconds, "percent": percent, "mark": mark}
    return environment.get_template("page.html")


def clock(t: float) -> str:
    """A time as m:ss.s, or h:mm:ss.s from an hour on."""
    tenths = round(t * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest / 10:04.1f}" if hours else f"{minutes}:{rest / 10:04.1f}"


def mark(t: float) -> str:
    """A time on the axis, without needless tenths."""
    return clock(t).removesuffix(".0")


def seconds(length: float) -> str:
    """A length as seconds; in minutes from two of them on."""
    return f"{length:.1f} s" if length < 120 else f"{int(length // 60)} min {round(length % 60):d} s"


def percent(share: float) -> str:
    """A share in percent, to two figures that mean something."""
    value = 100 * share
    return f"{value:.0f} %" if value >= 9.95 else f"{value:.1f} %" if value >= 0.995 else f"{value:.2f} %"
