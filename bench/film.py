"""Renders a film shot by shot and writes down where every graphic of every picture is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.camera import smear
from bench.graphics import Graphic, Layer, Picture, Quad, draw_plate, letters_quad, visible_shares

X264 = {"preset": "veryfast", "x264-params": "mbtree=0"}
"""Without mbtree, with which the same pictures gave now and then other bytes (sizes that are no multiple of 16)."""

Truth = dict[str, Any]


@dataclass(frozen=True)
class Look:
    """How the film was taken. `noise`: grain, grey levels; `blur`: softness of the lens, pixels at a height of 720;
    `crf`: x264's; `gain` and `lift`: contrast and brightness; `shutter`: how much of a picture's time it is exposed."""

    noise: float = 2.0
    blur: float = 0.0
    crf: int = 20
    gain: float = 1.0
    lift: float = 0.0
    shutter: float = 0.0


@dataclass(frozen=True, eq=False)
class Shot:
    """A stretch of film without a cut: what lies behind; what stands in that world and what is laid over, both from
    back to front; and how fast the camera moves over it, pixels a second. Footage is blurred already: where
    `smears_ground` is not set, only the boards are."""

    ground: Callable[[float], Picture]
    layers: Sequence[Layer]
    overlays: Sequence[Layer] = ()
    speed: Callable[[float], tuple[float, float]] | None = None
    smears_ground: bool = True


@dataclass(frozen=True, eq=False)
class Film:
    """A film to render. `lengths`: pictures of each shot."""

    size: tuple[int, int]
    fps: Fraction
    look: Look
    lengths: Sequence[int]
    shots: Iterable[Shot]
    brands: Sequence[str]
    distractors: Sequence[str]
    meta: dict[str, Any] = field(default_factory=dict)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))


def render_film(film: Film, path: Path | str) -> Truth:
    """Render as H.264 in MP4; gives the truth."""
    import av

    frames: list[dict[str, Any]] = []
    finish = _finish(film)
    options = {**X264, "crf": str(film.look.crf), "g": str(round(2 * film.fps))}
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=film.fps, options=options)
        (stream.width, stream.height), stream.pix_fmt = film.size, "yuv420p"
        stream.time_base = 1 / film.fps
        for shot, picture, objects in _pictures(film):
            number = len(frames)
            frames.append({"i": number, "t": round(float(number / film.fps), 4), "shot": shot, "objects": objects})
            out.mux(stream.encode(av.VideoFrame.from_ndarray(finish(picture, number), format="bgr24")))
        out.mux(stream.encode())
    return _truth(film, frames)


def _pictures(film: Film) -> Iterator[tuple[int, Picture, list[dict[str, Any]]]]:
    exposure = film.look.shutter / float(film.fps)
    for number, (shot, length) in enumerate(zip(film.shots, film.lengths, strict=True)):
        for i in range(length):
            picture, objects = _render(shot, float(i / film.fps), film, 100 * number, exposure)
            yield number, picture, objects


def _render(shot: Shot, t: float, film: Film, first_id: int, exposure: float) -> tuple[Picture, list[dict[str, Any]]]:
    ground = shot.ground(t)
    speed = shot.speed(t) if shot.speed and exposure else (0.0, 0.0)
    picture = ground.copy()
    corners = [_draw(layer, picture, t) for layer in shot.layers]
    picture = _smeared(picture, ground, speed, exposure, shot.smears_ground)
    corners += [_draw(layer, picture, t) for layer in shot.overlays]
    layers = [*shot.layers, *shot.overlays]
    shares = visible_shares(layers, corners, t, film.size)
    blur = film.look.blur * film.size[1] / 720
    moved = float(np.hypot(*speed)) * exposure
    objects = [
        _object(first_id + n, layer, letters_quad(layer.plate, quad), share)
        | {"blur": round(blur, 1), "mblur": round(moved if n <= len(shot.layers) else 0.0, 1)}
        for n, (layer, quad, share) in enumerate(zip(layers, corners, shares, strict=True), 1)
        if isinstance(layer, Graphic) and quad is not None and share > 0
    ]
    return picture, objects


def _draw(layer: Layer, picture: Picture, t: float) -> Quad | None:
    """Draws a layer; gives where its plate is."""
    if not isinstance(layer, Graphic):
        layer.draw(picture, t)
        return None
    corners = layer.path(t)
    if corners is not None:
        draw_plate(picture, layer.plate, corners)
    return corners


def _smeared(
    picture: Picture, ground: Picture, speed: tuple[float, float], exposure: float, with_ground: bool
) -> Picture:
    moved = smear(picture, speed, exposure)
    if with_ground or moved is picture:
        return moved
    drawn = np.any(picture != ground, axis=2).astype(np.uint8)
    return np.where(cv2.dilate(drawn, np.ones((3, 3), np.uint8))[:, :, None] > 0, moved, picture)


def _finish(film: Film) -> Callable[[Picture, int], Picture]:
    """What the lens and the sensor do to every picture, by its number."""
    look, (width, height) = film.look, film.size
    grains = [film.rng.normal(0, look.noise, (height, width, 1)).repeat(3, 2).astype(np.int16) for _ in range(5)]
    sigma = look.blur * height / 720

    def finish(picture: Picture, number: int) -> Picture:
        if sigma >= 0.2:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)
        if (look.gain, look.lift) != (1.0, 0.0):
            picture = np.asarray(cv2.convertScaleAbs(picture, alpha=look.gain, beta=max(0.0, look.lift)), np.uint8)
        grain = np.roll(grains[number % 5], 37 * (number // 5), axis=1) if film.meta.get("kind") else grains[number % 5]
        return np.asarray(cv2.add(picture, grain, dtype=cv2.CV_8U), np.uint8)

    return finish


def _object(id: int, graphic: Graphic, quad: Quad, visible: float) -> dict[str, Any]:
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


def _truth(film: Film, frames: Sequence[dict[str, Any]]) -> Truth:
    fps = float(film.fps)
    shown = int(fps) if fps.is_integer() else round(fps, 4)
    meta = {"size": f"{film.size[0]}x{film.size[1]}", "fps": shown, "crf": film.look.crf, "noise": film.look.noise}
    return {
        "meta": {**film.meta, **meta, "blur": film.look.blur},
        "brands": list(film.brands),
        "distractors": list(film.distractors),
        "cuts": [round(end / fps, 4) for end in accumulate(film.lengths[:-1])],
        "frames": list(frames),
        "tracks": _tracks(frames, fps),
    }


def _tracks(frames: Sequence[dict[str, Any]], fps: float) -> list[dict[str, Any]]:
    tracks: dict[int, dict[str, Any]] = {}
    for frame in frames:
        for seen in frame["objects"]:
            start = {key: seen[key] for key in ("id", "brand", "kind")} | {"shot": frame["shot"], "t0": frame["t"]}
            track = tracks.setdefault(seen["id"], start | {"max_text_h": 0.0, "visible_s": 0.0})
            track["t1"] = frame["t"]
            track["max_text_h"] = max(track["max_text_h"], seen["text_h"])
            track["visible_s"] = round(track["visible_s"] + (seen["visible"] >= 0.6) / fps, 4)
    return list(tracks.values())
