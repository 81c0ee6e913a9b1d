"""Opening a video with PyAV: what it must be, and what is refused before anything is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stages.core.errors import InputError
from stages.datatypes import Video
from stages.video.source import watched

MAX_SIDE = 16384
"""Longest side of a picture that is decoded, pixels: twice 8K."""

MAX_PIXELS = 128_000_000
"""Most pixels of a picture that is decoded: 384 MB as BGR, nearly four times 8K."""

LARGE_PIXELS, LARGE_THREADS = 16_000_000, 4
"""Each thread of the decoder holds pictures: of larger ones than this (8K) at most so many are decoded side by side."""

READ_BYTES = 256 << 10
"""How much the demuxer asks for at a time; its 32 kB make a call into Python for every other frame."""


@dataclass(frozen=True)
class Media:
    """An open video: PyAV's container and the stream that is decoded, with times as players show them.

    start_s     presentation time at which the file begins; all times are counted from it
    declared_s  length that the file declares for the stream, seconds; None where it declares none
    fps         average pictures a second; 0 where unknown
    others      further streams of moving pictures, which are not decoded
    """

    container: Any
    stream: Any
    start_s: float
    declared_s: float | None
    fps: float
    others: int = 0


@contextmanager
def open_media(video: Video, threads: int = 0) -> Iterator[Media]:
    """The video, open for decoding by so many threads; 0: as many as there are cores.

    Raises InputError naming the file and what is wrong with it.
    """
    import av

    with watched(video) as file:
        # Without protocols a playlist cannot make the demuxer open what it names: other files, other hosts.
        options = {"protocol_whitelist": "none"}
        try:
            container = av.open(file, container_options=options, metadata_errors="replace", buffer_size=READ_BYTES)
        except (av.error.FFmpegError, ValueError) as error:
            raise InputError(
                f"{video.uri} ({video.size} bytes) is no video that can be read: {reason(error)}. "
                "A file cut off while it was written or copied often looks like this; check that it plays.",
                uri=video.uri,
            ) from error
        with container:
            yield _media(container, video, threads)


def reason(error: Exception) -> str:
    """What FFmpeg says, without its number and the file's name."""
    return str(getattr(error, "strerror", None) or error)


def check_size(width: int, height: int, uri: str) -> None:
    """Refuse pictures too large to decode. Raises InputError."""
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise InputError(
            f"{uri} has pictures of {width}x{height} pixels; at most {MAX_SIDE} a side and "
            f"{MAX_PIXELS // 1_000_000} million in all are decoded. Scale it down first.",
            uri=uri,
        )


def _media(container: Any, video: Video, threads: int) -> Media:
    stream, *others = _video_streams(container, video.uri)
    context = stream.codec_context
    check_size(context.width, context.height, video.uri)
    context.options = {**context.options, "max_pixels": str(MAX_PIXELS)}
    stream.thread_type = "AUTO"
    large = context.width * context.height > LARGE_PIXELS
    context.thread_count = threads or (LARGE_THREADS if large else 0)
    if stream.duration is not None and stream.time_base is not None:
        declared: float | None = float(stream.duration * stream.time_base)
    else:
        declared = None if container.duration is None else container.duration / 1e6
    start = 0.0 if container.start_time is None else container.start_time / 1e6
    fps = float(stream.average_rate or stream.guessed_rate or 0)
    return Media(container, stream, start, declared, fps, len(others))


def _video_streams(container: Any, uri: str) -> list[Any]:
    """The streams of moving pictures, at least one. Raises InputError."""
    import av

    cover = av.stream.Disposition.attached_pic
    streams = [s for s in container.streams.video if not s.disposition & cover]
    if not streams:
        held = ", ".join(sorted({"a cover picture" if s.type == "video" else str(s.type) for s in container.streams}))
        raise InputError(
            f"{uri} has no moving pictures: it holds {held or 'nothing'} ({container.format.name}).", uri=uri
        )
    known = [s for s in streams if s.codec_context is not None]
    if not known:
        raise InputError(
            f"{uri} ({container.format.name}) has moving pictures in a coding that cannot be decoded here. "
            "Convert it, for instance to H.264.",
            uri=uri,
        )
    return known
