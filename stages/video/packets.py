"""The packets of a video from its begin or from a keyframe on, and the keyframe near which the next segment begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stages.video.media import Media

BEFORE_S = 1.0
"""A keyframe is sought from so much earlier, so that none is passed over: some demuxers go by times of decoding."""

FARTHEST_S = 60.0
"""A keyframe that lies so far behind where it is sought is not waited for, nor read up to from so far before it."""


@dataclass(frozen=True)
class Keyframe:
    """A picture with which decoding can begin: when it is shown, seconds, and where in the file it lies, bytes."""

    t: float
    place: int


class Packets:
    """Packets in the order of the file, up to its end.

    begin  the keyframe with which they begin: the first one at `begin_s` seconds or later (None: the file's begin)
    end    the first keyframe at `end_s` or later, as soon as it has come by

    Both are found by reading on from an earlier place, so whoever comes by finds the same.
    """

    def __init__(self, media: Media, begin_s: float | None = None, end_s: float | None = None) -> None:
        self.begin: Keyframe | None = None
        self.end: Keyframe | None = None
        self._media, self._begin_s, self._end_s = media, begin_s, end_s

    def __iter__(self) -> Iterator[Any]:
        """None at all where the first keyframe is not to be found. Raises FFmpegError."""
        stream = self._media.stream
        if self._begin_s is not None:
            before = self._begin_s - BEFORE_S + self._media.start_s
            self._media.container.seek(int(before / stream.time_base), stream=stream)
        for packet in self._media.container.demux(stream):
            if self._is_out_of_reach(packet):
                return
            self._note(packet)
            if self._begin_s is None or self.begin is not None:
                yield packet

    def _is_out_of_reach(self, packet: Any) -> bool:
        if self._begin_s is None or self.begin is not None:
            return False
        t = self._time(packet)
        return t is None or abs(t - self._begin_s) > FARTHEST_S

    def _note(self, packet: Any) -> None:
        t = self._time(packet)
        if t is None or not packet.is_keyframe:
            return
        if self.begin is None and self._begin_s is not None and t >= self._begin_s:
            self.begin = Keyframe(t, packet.pos)
        if self.end is None and self._end_s is not None and t >= self._end_s:
            self.end = Keyframe(t, packet.pos)

    def _time(self, packet: Any) -> float | None:
        return None if packet.pts is None else float(packet.pts * packet.time_base) - self._media.start_s
