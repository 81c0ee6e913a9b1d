"""report.html: one file that needs nothing else, with every text in it escaped."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from stages.datatypes.stamp import without_steering
from stages.report.formats import clock, mark, percent, seconds
from stages.report.page_data import PageData

FOLDER = Path(__file__).parent / "page"


def template_files() -> list[Path]:
    """What the page is made of, besides code."""
    return sorted(FOLDER.iterdir())


def render_page(data: PageData) -> str:
    """The page, with marks in the places of what only the job knows (see stages.datatypes.stamp).

    The only script that a browser runs in it is the one with the digest that the page names.
    """
    style, script = ((FOLDER / name).read_text("utf-8") for name in ("page.css", "page.js"))
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return str(_template().render(page=data, style=style, script=script, script_digest=digest))


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
    environment.filters |= {
        "clock": clock,
        "seconds": seconds,
        "percent": percent,
        "mark": mark,
        "plain": without_steering,
    }
    return environment.get_template("page.html")
