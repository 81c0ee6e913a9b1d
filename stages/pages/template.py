"""Pages as one file that needs nothing else, with every text in it escaped."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from stages.core.digests import digest_of
from stages.datatypes.stamp import without_steering
from stages.pages.formats import clock, mark, percent, seconds

STYLE, HEAD = Path(__file__).parent / "base.css", Path(__file__).parent / "head.html"
"""What the style of every page begins with, and what a page itself may begin with: its head, and what it may load."""


def digest_of_folder(folder: Path) -> str:
    """Of all that a page is made of: what a stage `depends` on, since template and style count as its code does."""
    files = [STYLE, HEAD, *sorted(folder.iterdir())]
    return digest_of(b"".join(path.name.encode() + path.read_bytes() for path in files))


def rendered(folder: Path, page: Any) -> str:
    """page.html of a folder with page.css in it; the template is given `page` and `style`, and may import head.html.

    Where the folder holds page.js, it is given `script`, too, and the digest by which its policy lets only that run.
    """
    style = STYLE.read_text("utf-8") + (folder / "page.css").read_text("utf-8")
    script = path.read_text("utf-8") if (path := folder / "page.js").is_file() else ""
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return str(_template(folder).render(page=page, style=style, script=script, script_digest=digest))


def data_uri(jpeg: bytes) -> str:
    """A picture to stand in the page itself."""
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"


@cache
def _template(folder: Path) -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([folder, HEAD.parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": clock, "seconds": seconds, "percent": percent, "mark": mark}
    environment.filters["plain"] = without_steering
    return environment.get_template("page.html")
