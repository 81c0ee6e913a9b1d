"""Decoding a video, from its first picture or from a keyframe to its last, past what is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from stages.core.spread import FailedItem
from stages.video.clock import Clock
from stages.video.media import Media, check_size, reason
from stages.video.packets import Packets
from stages.video.sampling import LONGEST_HOLD_S, SAME_S, Shown

MOST_KEPT = 1000
"""Damaged packets that are kept one by one; further ones are only counted."""


@dataclass
class Decoder:
    """Gives pictures with the times at which they are shown; what it could not decode stands in its fields afterwards.

    damaged   packets that could not be decoded, or that the container marks as damaged
    spoilt    pictures that the decoder gave although it had to make parts of them up
    clock     puts the pictures in order of time; knows what it left out, and where the last picture ends
    stopped   why reading ended before the file did, if it did
    in_damage whether what came last could not be decoded
    failed    called with the first MOST_KEPT of the damaged packets
    """

    media: Media
    uri: str
    packets: Packets
    failed: Callable[[FailedItem], None]
    damaged: int = 0
    spoilt: int = 0
    clock: Clock = field(default_factory=Clock)
    stopped: str | None = None
    first_damage_s: float | None = None
    first_spoilt_s: float = 0.0
    in_damage: bool = False
    _read_s: float = 0.0

    def __iter__(self) -> Iterator[Shown[Any]]:
        return self.clock.run_on(self._decoded())

    @property
    def is_flawless(self) -> bool:
        """Whether so far nothing was damaged, made up, out of order or unreadable."""
        clock = self.clock
        return not (self.damaged or self.spoilt or self.stopped or clock.unordered or clock.restarts)

    def _decoded(self) -> Iterator[Shown[Any]]:
        for packet_index, packet in enumerate(self._packets()):
            for picture in self._pictures(packet_index, packet):
                check_size(picture.width, picture.height, self.uri)
                if not self._is_before_begin(picture):
                    yield self._shown(picture)

    def _is_before_begin(self, picture: Any) -> bool:
        """Pictures may follow a keyframe in the file and come before it on screen; they need what lies before."""
        begin = self.packets.begin
        return begin is not None and picture.time is not None and self._time(picture) < begin.t - SAME_S

    def _packets(self) -> Iterator[Any]:
        import av

        try:
            yield from self.packets
        except av.error.FFmpegError as error:
            self.stopped = reason(error)
            # what the decoder still holds is good: an empty packet makes it give that
            flush = av.Packet()
            flush.stream = self.media.stream
            yield flush

    def _pictures(self, index: int, packet: Any) -> list[Any]:
        import av

        if packet.is_corrupt:  # its pictures may still be decoded, with what is missing made up
            self._note_damage(index, "the container marks it as damaged")
        try:
            return list(packet.decode())
        except av.error.EOFError:
            return []
        except av.error.FFmpegError as error:
            if not packet.is_corrupt:
                self._note_damage(index, reason(error))
            return []

    def _note_damage(self, index: int, why: str) -> None:
        self.damaged += 1
        self.in_damage = True
        after_s = self._read_s + self.clock.offset_s
        if self.first_damage_s is None:
            self.first_damage_s = after_s
        if self.damaged <= MOST_KEPT:
            self.failed(FailedItem(index, "DamagedPacket", f"{why}, after {after_s:.2f} s"))

    def _shown(self, picture: Any) -> Shown[Any]:
        length = self._length(picture)
        t = self._read_s if picture.time is None else self._time(picture)
        if picture.is_corrupt:
            self.first_spoilt_s = self.first_spoilt_s if self.spoilt else t + self.clock.offset_s
            self.spoilt += 1
        after_damage, self.in_damage, self._read_s = self.in_damage, False, t + length
        return Shown(t, length, after_damage, picture)

    def _time(self, picture: Any) -> float:
        return float(picture.time) - self.media.start_s

    def _length(self, picture: Any) -> float:
        """As long as the file says, or as its rate does, within reason: some files declare years."""
        if picture.time_base and (picture.duration or 0) > 0:
            length = float(picture.duration * picture.time_base)
        else:
            length = 1 / self.media.fps if self.media.fps > 0 else 0.04
        return min(length, LONGEST_HOLD_S)
