"""Small films for tests, good and bad ones, made on the spot."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def counting(size: tuple[int, int] = (96, 64)) -> Callable[[int], Picture]:
    """Pictures whose left half tells their number by its brightness (number * 5), over a lit corner at top right."""
    width, height = size

    def paint(number: int) -> Picture:
        picture = np.full((height, width, 3), 20, np.uint8)
        picture[:, : width // 2] = (number * 5) % 256
        picture[: height // 2, width // 2 :] = 220
        return picture

    return paint


def film(
    path: Path,
    frames: int = 50,
    size: tuple[int, int] = (96, 64),
    fps: int = 25,
    paint: Callable[[int], Picture] | None = None,
    times: Sequence[float] | None = None,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    coding: dict[str, str] | None = None,
    pix_fmt: str | None = None,
    ticks: int = 1000,
) -> Path:
    """Write a film; `times` are the presentation times of its pictures where they are not even (milliseconds count).

    `options` are the container's, `coding` the encoder's; `ticks` a second of its clock.
    """
    import av

    paint = paint or counting(size)
    with av.open(str(path), "w", options=options or {}) as out:
        stream = out.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt or ("yuv444p" if size[0] % 2 or size[1] % 2 else "yuv420p")
        stream.codec_context.time_base = stream.time_base = Fraction(1, ticks)
        stream.options = coding or ({"g": "10", "bf": "0"} if codec == "libx264" else {})
        for n in range(len(times) if times is not None else frames):
            picture = av.VideoFrame.from_ndarray(paint(n), format="bgr24")
            picture.pts = round(ticks * (times[n] if times is not None else n / fps))
            picture.time_base = Fraction(1, ticks)
            out.mux(stream.encode(picture))
        out.mux(stream.encode())
    return path


def turned(path: Path, size: tuple[int, int] = (96, 64)) -> Path:
    """The MP4 with a display matrix that turns its pictures clockwise by a quarter."""
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40  # ISO 14496-12, 8.3.2: version 0
    to_place = (0, 1 << 16, 0, -(1 << 16), 0, 0, size[1] << 16, 0, 1 << 30)  # (x, y) -> (height - y, x)
    data[matrix : matrix + 36] = struct.pack(">9i", *to_place)
    path.write_bytes(data)
    return path


def sound(path: Path) -> Path:
    """A file with sound and no picture."""
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=44100, layout="mono")
        for n in range(20):
            block = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            block.sample_rate, block.pts = 44100, 1024 * n
            out.mux(stream.encode(block))
        out.mux(stream.encode())
    return path
