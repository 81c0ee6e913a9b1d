"""Make the pictures of Prefect's UI that stand in docs/: the form, and the page of a run.

    python -m bench.pictures [--into docs]

The demo film goes through `brand-exposure` twice, on services of their own: the run that is started from the form keeps
what the first has done. Wants Chromium.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from PIL import Image

from bench.prefect_ui import Form, Prefect, chromium, opened
from bench.sample import render_sample
from flows.connections import local_server, open_blobs
from flows.settings import read_settings

DEPLOYMENT = "brand-exposure/default"
WIDTH, HEIGHT = 1400, 1100  # of the window
SHOWN = """part => {
    scrollBy(0, part.getBoundingClientRect().top - 16)
    return part.getBoundingClientRect().bottom + 12
}"""  # at the top; gives where it ends
COLOURS = 128  # of a picture: pages are nearly flat, and so a file is a third as large


def take(into: Path) -> None:
    """Take all pictures."""
    with _services() as api_url:
        film = _stored_film()
        _stagewright("run", "brand-exposure", "--input", f"video={film}")
        _stagewright("deploy", "brand-exposure")
        deployment = httpx.get(f"{api_url}/deployments/name/{DEPLOYMENT}").json()["id"]
        with opened(api_url, WIDTH, HEIGHT, sharpness=1.5) as ui:
            form = ui.form(deployment)
            _fill(form, film)
            end = form.part("match_brands").evaluate(SHOWN)
            _save(ui, into / "form.png", end)
            run = form.run()
            run.ends("Completed")
            run.open("Artifacts")
            run.card("brand-exposure-summary").wait_for()
            ui.page.wait_for_timeout(5000)  # its graph moves into place
            _save(ui, into / "run.png")


@contextmanager
def _services() -> Iterator[str]:
    """A store, a server and a worker that nobody else uses; the server's address."""
    with tempfile.TemporaryDirectory(prefix="stagewright-pictures-") as home:
        for name in [name for name in os.environ if name.startswith(("AWS_", "PREFECT_", "STAGEWRIGHT_"))]:
            del os.environ[name]
        os.environ["STAGEWRIGHT_HOME"] = home
        _stagewright("up", "--worker")
        try:
            api_url = local_server(read_settings())
            assert api_url
            yield api_url
        finally:
            _stagewright("down")


def _stagewright(*args: str) -> None:
    subprocess.run([str(Path(sys.executable).parent / "stagewright"), *args], check=True, stdout=subprocess.DEVNULL)


def _stored_film() -> str:
    """The demo film's address in the store."""
    store = open_blobs(read_settings()).store
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "match.mp4"
        render_sample(path)
        store.put("films/match.mp4", path.read_bytes(), "video/mp4")
    return f"{store.address.url}films/match.mp4"


def _fill(form: Form, film: str) -> None:
    form.fill(film, "video")
    form.fill("80", "match_brands", "threshold")
    form.fill("sunday", "job_id")
    form.fill("Sunday's match", "label")


def _save(ui: Prefect, path: Path, height: float = HEIGHT) -> None:
    """What the window shows, from its top, in few colours."""
    ui.page.wait_for_load_state("networkidle")
    shown = {"x": 0, "y": 0, "width": WIDTH, "height": min(height, HEIGHT)}
    data = ui.page.screenshot(clip=shown, animations="disabled", caret="hide")
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {picture.width}x{picture.height}, {path.stat().st_size / 1000:.0f} kB")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.pictures", description="Take the pictures of docs/.")
    parser.add_argument("--into", type=Path, default=Path("docs"))
    given = parser.parse_args(arguments)
    if chromium() is None:
        parser.error("there is no Chromium on this machine; on Debian: apt-get install chromium")
    take(given.into)


if __name__ == "__main__":
    main()
