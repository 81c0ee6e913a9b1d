"""A video in segments that are decoded side by side, and give together what one pass over the whole gives.

A segment begins to decode at a keyframe and to keep pictures a little later, where the video has been calm for a while:
there it is in the state in which the segment before it ends, whatever came before. Both tell that state, and where the
keyframe lies in the file. If each segment begins as the one before it ended, all of the file was read, and nothing of
what was kept depends on where it was divided. If not, or if anything is odd, there has to be one pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from stages.core.blobs import blobs
from stages.core.errors import InputError
from stages.core.spread import FailedItem
from stages.datatypes import Frames, MediaInfo, Video
from stages.video.decoding import Decoder
from stages.video.media import Media, open_media
from stages.video.packets import Keyframe, Packets
from stages.video.pair_writer import Origin, PairWriter, State
from stages.video.pictures import upright_size
from stages.video.sampling import Sample, sampled

if TYPE_CHECKING:
    from stages.video.extract_frames import ExtractFramesConfig

SEGMENT_S = 60.0
"""A segment is at least so long; a video shorter than two of them is decoded in one pass. What each decodes twice is
about 3 % of this."""

MOST_SEGMENTS = 1000
"""Of a video longer than that the segments are longer; some files declare years."""

CALM_S = 1.5
"""Without a cut for so long, what is looked at next no longer depends on what was before: more than three times the
time after which a cut is looked at."""

LOOSE_S = 0.5
"""A file may declare this much more than its pictures last, and still be whole."""


@dataclass(frozen=True)
class Segment:
    """A part of a video.

    begin_s  it begins after the first keyframe at this time or later, seconds; None: with the video
    end_s    where the segment begins that has this as its `begin_s`; None: the video's end
    origin   the video's first picture; None where this begins with it
    """

    begin_s: float | None = None
    end_s: float | None = None
    origin: Origin | None = None


Handover = tuple[Keyframe, State]


@dataclass(frozen=True)
class Part:
    """What a segment gave; `began` and `ended`: where and in which state, None at the ends of the video."""

    frames: Frames
    motion: Frames
    began: Handover | None
    ended: Handover | None


class SegmentWork:
    """Decodes a segment. To be iterated over, which gives the samples that have been dealt with."""

    def __init__(
        self,
        segment: Segment,
        media: Media,
        uri: str,
        config: ExtractFramesConfig,
        failed: Callable[[FailedItem], None],
    ) -> None:
        self.segment, self.media = segment, media
        self.packets = Packets(media, segment.begin_s, segment.end_s)
        self.decoder = Decoder(media, uri, self.packets, failed)
        self.writer = PairWriter(config, blobs(), segment.origin)
        self.began: Handover | None = None
        self.ended: Handover | None = None

    def __iter__(self) -> Iterator[Sample[Any]]:
        keep, origin = self.segment.begin_s is None, self.segment.origin
        for sample in sampled(self.decoder, self.writer.motion_period, origin.t if origin else None):
            if not keep:
                self.began = self._handover(self.packets.begin, sample)
                keep = self.began is not None
            if keep:
                self.ended = self._handover(self.packets.end, sample)
            if self.ended:
                return
            self.writer.add(sample, keep)
            yield sample

    def _handover(self, keyframe: Keyframe | None, sample: Sample[Any]) -> Handover | None:
        """The first calm sample after the keyframe begins a segment. (The first two may follow a cut unseen.)"""
        if keyframe is None or sample.t < keyframe.t + CALM_S + 2 * self.writer.motion_period:
            return None
        return (keyframe, self.writer.state()) if self.writer.calm_s(sample.t) > CALM_S else None

    def info(self) -> MediaInfo:
        """What the file says, and how far it was decoded; there must have been a picture."""
        assert self.writer.size is not None
        media, decoded = self.media, round(self.decoder.clock.end_s, 6)
        declared = decoded if media.declared_s is None else round(media.declared_s, 6)
        return MediaInfo(declared, decoded, *self.writer.size, fps=round(media.fps, 6))

    def is_whole(self) -> bool:
        """Whether it began and ended as it should, with nothing odd in between."""
        began = (self.began is None) == (self.segment.begin_s is None)
        ended = (self.ended is None) == (self.segment.end_s is None)
        return began and ended and self.decoder.is_flawless and not (self.ended is None and ends_early(self.info()))


def ends_early(info: MediaInfo) -> bool:
    """Whether less could be decoded than the file declares."""
    return info.decoded_s < info.duration_s - LOOSE_S


def plan(video: Video) -> list[Segment]:
    """The segments of a video, cut at places that depend on it alone; none where it is to be decoded in one pass."""
    with open_media(video, threads=1) as media:
        length = media.declared_s or 0
        count = int(min(length // SEGMENT_S, MOST_SEGMENTS))
        if count < 2 or media.others:
            return []
        first = next(iter(Decoder(media, video.uri, Packets(media), _unheard)), None)
        if first is None:
            return []
        origin = Origin(first.t, upright_size(first.picture))
    cuts = [None, *(length * n / count for n in range(1, count)), None]
    return [Segment(begin, end, origin) for begin, end in pairwise(cuts)]


def decode_segment(segment: Segment, video: Video, config: ExtractFramesConfig) -> Part | None:
    """The pictures of a segment, which are put into the current blob store; None where anything is odd.

    One thread: other segments are decoded side by side.
    """
    try:
        with open_media(video, threads=1) as media:
            work = SegmentWork(segment, media, video.uri, config, _unheard)
            if all(work.decoder.is_flawless for _ in work) and work.is_whole():
                return Part(*work.writer.finish(work.info(), []), work.began, work.ended)
    except InputError:
        pass  # one pass finds it, too, and tells
    return None


def fit(parts: Sequence[Part]) -> bool:
    """Whether each part begins where and as the one before it ended."""
    return all(one.ended == other.began for one, other in pairwise(parts))


def _unheard(item: FailedItem) -> None:
    """What is damaged is told by the one pass that has to follow."""
