"""`compile_index`: the scenes as files that are handed over."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from pydantic import Field

from stages import FailedItem, RuntimeContext, StageConfig, blobs, stage
from stages.datatypes import Frames, Report, Scene, Scenes
from stages.pages.spreadsheet import as_csv
from stages.pages.template import digest_of_folder, rendered
from stages.scenes.contract import COLUMNS, index_content, table_row
from stages.scenes.page_data import page_data
from stages.scenes.sheets import Place, sheets
from stages.scenes.thumbnails import shown, thumbnail

PICTURE_BYTES = 7 << 20
"""All pictures of a page together: as text in the page they grow by a third, and the page stays under 10 MB."""

PAGE = Path(__file__).parent / "page"


class CompileIndexConfig(StageConfig):
    """What the index shows."""

    pictures: int = Field(
        300, ge=0, le=1000, description="Most scenes that are shown with a picture; the longest, if there are more"
    )


@stage(
    label="Compile index",
    category="scenes",
    writes=("index",),
    depends=("jinja2", "pillow", digest_of_folder(PAGE)),
)
def compile_index(frames: Frames, scenes: Scenes, config: CompileIndexConfig, ctx: RuntimeContext) -> Report:
    """Write index.json, index.html, scenes.csv and contact sheets with a picture of each scene.

    The page is one file that needs no network. The job is stamped into page and JSON when they are published. Of all
    pictures only those are read that are shown.
    """
    pictures = _pictures(frames, shown(scenes, config.pictures), ctx)
    store, files = blobs(), {}
    places: dict[str, Place] = {}
    for name, jpeg, on_it in sheets([scene for scene in scenes if scene.id in pictures], pictures):
        files[name] = store.put(jpeg, "image/jpeg")
        places |= on_it
    content = index_content(frames, scenes, places)
    page = rendered(PAGE, page_data(content, scenes, pictures))
    table = as_csv(COLUMNS, map(table_row, content["scenes"]))
    files = {
        "index.json": store.put(json.dumps(content, ensure_ascii=False).encode(), "application/json"),
        "index.html": store.put(page.encode(), "text/html"),
        "scenes.csv": store.put(table, "text/csv"),
        **files,
    }
    return Report(files, {key: scenes.summary()[key] for key in ("scenes", "labels")})


def _pictures(frames: Frames, wanted: list[Scene], ctx: RuntimeContext) -> dict[str, bytes]:
    """JPEG by scene, as many as the page has room for. A picture that fails is left out."""
    made: dict[str, bytes] = {}
    room = PICTURE_BYTES
    found = ctx.map(partial(thumbnail, frames), wanted, max_failed=len(wanted))
    for scene, jpeg in zip(wanted, found, strict=True):
        if not isinstance(jpeg, FailedItem) and (room := room - len(jpeg)) >= 0:
            made[scene.id] = jpeg
    return made
