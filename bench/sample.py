"""A short film with known truth: moving scenes, cuts, and sponsor graphics whose every place is written down.

    python -m bench.sample OUT.mp4 [--truth OUT.json] [--seconds 12] [--size 960x540] [--fps 25] [--seed 7] [--brands …]

The same arguments give the same film. `render_sample` is the same for tests.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bench.graphics import Graphic, Picture, draw_plate, letters_quad, visible_shares
from bench.scenery import grain
from bench.shots import LOOK_ALIKES, SHOTS, Cast, Shot

BRANDS = ("NORDVIK", "Altamira Bank", "VOLTRA", "Lumora", "Kestrel Air")
SHOT_SECONDS = 4.0
CRF = 20
X264 = {"crf": str(CRF), "preset": "veryfast", "x264-params": "mbtree=0"}
"""Without mbtree, with which the same pictures gave now and then other bytes (sizes that are no multiple of 16)."""


def render_sample(
    path: Path | str,
    seconds: float = 12,
    size: tuple[int, int] = (960, 540),
    fps: int = 25,
    seed: int = 7,
    brands: Sequence[str] = BRANDS,
) -> dict[str, Any]:
    """Render the film as H.264 in MP4; gives its truth. `size` is width and height in pixels, both even."""
    import av

    rng = np.random.default_rng(seed)
    lengths = _lengths(round(seconds * fps), fps)
    names = [b.split("|")[0] for b in brands]
    noise = grain(size, rng)
    frames: list[dict[str, Any]] = []
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as film:
        stream = film.add_stream("libx264", rate=fps, options={**X264, "g": str(2 * fps)})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = *size, "yuv420p", Fraction(1, fps)
        for number, length in enumerate(lengths):
            shot = SHOTS[number % len(SHOTS)](size, length / fps, Cast(names, 2 * number), rng)
            for i in range(length):
                picture, objects = _render(shot, i / fps, size, 100 * number)
                t = len(frames)
                frames.append({"i": t, "t": round(t / fps, 4), "shot": number, "objects": objects})
                film.mux(stream.encode(av.VideoFrame.from_ndarray(noise(picture, t), format="bgr24")))
        film.mux(stream.encode())
    cuts = [round(sum(lengths[:n]) / fps, 4) for n in range(1, len(lengths))]
    meta = {"seed": seed, "size": f"{size[0]}x{size[1]}", "fps": fps, "crf": CRF}
    return {
        "meta": meta,
        "brands": list(brands),
        "distractors": list(LOOK_ALIKES),
        "cuts": cuts,
        "frames": frames,
        "tracks": _tracks(frames, fps),
    }


def _lengths(frames: int, fps: int) -> list[int]:
    """Pictures of each shot: about four seconds each."""
    shots = max(1, round(frames / fps / SHOT_SECONDS))
    ends = [round(frames * n / shots) for n in range(shots + 1)]
    return [b - a for a, b in pairwise(ends)]


def _render(shot: Shot, t: float, size: tuple[int, int], first_id: int) -> tuple[Picture, list[dict[str, Any]]]:
    picture = shot.ground(t)
    quads = []
    for layer in shot.layers:
        quad = None
        if not isinstance(layer, Graphic):
            layer.draw(picture, t)
        elif (corners := layer.path(t)) is not None:
            draw_plate(picture, layer.plate, corners)
            quad = letters_quad(layer.plate, corners)
        quads.append(quad)
    shares = visible_shares(shot.layers, quads, t, size)
    objects = [
        _object(first_id + n, layer, quad, share)
        for n, (layer, quad, share) in enumerate(zip(shot.layers, quads, shares, strict=True), 1)
        if isinstance(layer, Graphic) and quad is not None and share > 0
    ]
    return picture, objects


def _object(id: int, graphic: Graphic, quad: np.ndarray, visible: float) -> dict[str, Any]:
    side, along = quad[3] - quad[0], quad[1] - quad[0]
    return {
        "id": id,
        "brand": graphic.brand,
        "text": graphic.text,
        "kind": graphic.kind,
        "quad": [[round(float(x), 1), round(float(y), 1)] for x, y in quad],
        "text_h": round(float(np.hypot(*side)), 1),
        "visible": round(visible, 3),
        "rot": round(float(np.degrees(np.arctan2(along[1], along[0]))), 1),
    }


def _tracks(frames: Sequence[dict[str, Any]], fps: int) -> list[dict[str, Any]]:
    tracks: dict[int, dict[str, Any]] = {}
    for frame in frames:
        for seen in frame["objects"]:
            start = {
                "id": seen["id"],
                "brand": seen["brand"],
                "kind": seen["kind"],
                "shot": frame["shot"],
                "t0": frame["t"],
            }
            track = tracks.setdefault(seen["id"], start | {"max_text_h": 0.0, "visible_s": 0.0})
            track["t1"] = frame["t"]
            track["max_text_h"] = max(track["max_text_h"], seen["text_h"])
            track["visible_s"] = round(track["visible_s"] + (seen["visible"] >= 0.6) / fps, 4)
    return list(tracks.values())


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.sample", description="Render a short film with known truth.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--truth", type=Path, help="where to write the truth; default: beside the film, as .json")
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--size", default="960x540", help="width x height, even numbers of pixels")
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--brands", nargs="+", default=list(BRANDS))
    given = parser.parse_args(arguments)
    width, height = (int(side) for side in given.size.split("x"))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    truth = render_sample(given.out, given.seconds, (width, height), given.fps, given.seed, given.brands)
    (given.truth or given.out.with_suffix(".json")).write_text(json.dumps(truth))
    print(f"{given.out}: {given.seconds:g} s, {len(truth['cuts'])} cuts, {len(truth['tracks'])} graphics")


if __name__ == "__main__":
    main()
