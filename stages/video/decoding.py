"""Decoding a video from its first picture to its last, past what is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from stages.core.spread import FailedItem
from stages.video.media import Media, check_size, reason
from stages.video.sampling import Shown

MOST_KEPT = 1000
"""Damaged packets that are kept one by one; further ones are only counted."""


@dataclass
class Decoder:
    """Gives pictures with the times at which they are shown; what it could not decode stands in its fields afterwards.

    damaged   packets that could not be decoded
    unordered pictures left out because they were to be shown before one that was shown already
    end_s     end of the last picture, seconds
    stopped   why reading ended before the file did, if it did
    in_damage whether what came last could not be decoded
    failed    called with the first MOST_KEPT of the damaged packets
    """

    media: Media
    uri: str
    failed: Callable[[FailedItem], None]
    damaged: int = 0
    unordered: int = 0
    end_s: float = 0.0
    stopped: str | None = None
    first_damage_s: float | None = None
    in_damage: bool = False
    _last: float | None = None

    def __iter__(self) -> Iterator[Shown[Any]]:
        for packet_index, packet in enumerate(self._packets()):
            for picture in self._pictures(packet_index, packet):
                check_size(picture.width, picture.height, self.uri)
                if (shown := self._shown(picture)) is not None:
                    yield shown

    def _packets(self) -> Iterator[Any]:
        import av

        try:
            yield from self.media.container.demux(self.media.stream)
        except av.error.FFmpegError as error:
            self.stopped = reason(error)
            # what the decoder still holds is good: an empty packet makes it give that
            flush = av.Packet()
            flush.stream = self.media.stream
            yield flush

    def _pictures(self, index: int, packet: Any) -> list[Any]:
        import av

        try:
            return list(packet.decode())
        except av.error.EOFError:
            return []
        except av.error.FFmpegError as error:
            self._note_damage(index, reason(error))
            return []

    def _note_damage(self, index: int, why: str) -> None:
        self.damaged += 1
        self.in_damage = True
        if self.first_damage_s is None:
            self.first_damage_s = self.end_s
        if self.damaged <= MOST_KEPT:
            self.failed(FailedItem(index, "DamagedPacket", f"{why}, after {self.end_s:.2f} s"))

    def _shown(self, picture: Any) -> Shown[Any] | None:
        length = self._length(picture)
        t = self.end_s if picture.time is None else float(picture.time) - self.media.start_s
        if t < 0 or (self._last is not None and t <= self._last):
            self.unordered += 1
            return None
        after_damage, self.in_damage, self._last, self.end_s = self.in_damage, False, t, t + length
        return Shown(t, length, after_damage, picture)

    def _length(self, picture: Any) -> float:
        if picture.duration and picture.time_base:
            return float(picture.duration * picture.time_base)
        return 1 / self.media.fps if self.media.fps > 0 else 0.04
