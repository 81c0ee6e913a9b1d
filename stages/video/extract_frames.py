"""`extract_frames`: pictures of a video at a steady rate."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from stages import RuntimeContext, StageConfig, stage
from stages.core.errors import InputError
from stages.datatypes import Frames, MediaInfo, Video
from stages.video.decoding import Decoder
from stages.video.media import Media, open_media
from stages.video.segments import Part, Segment, SegmentWork, decode_segment, ends_early, fit, plan


class ExtractFramesConfig(StageConfig):
    """How many pictures are looked at, and how they are kept."""

    fps: float = Field(
        1, gt=0, le=60, description="Pictures a second that are looked at closely; one more is taken after each cut"
    )
    max_side: int = Field(
        1920, ge=0, le=16384, description="Longest side of these pictures, pixels; 0 keeps the source's"
    )
    quality: int = Field(90, ge=30, le=100, description="JPEG quality of these pictures")
    motion_fps: float = Field(6.25, gt=0, le=60, description="Small pictures a second, in which movement is followed")
    motion_side: int = Field(640, ge=160, le=1920, description="Longest side of the small pictures, pixels")
    cut: float = Field(
        0.4, gt=0, le=1, description="A new shot begins where more than this share of the picture changes its luma"
    )


@stage(
    label="Extract frames",
    category="video",
    writes=("frames", "motion"),
    depends=("av", "opencv-python-headless"),
    retries=1,  # a lost worker costs one attempt
)
def extract_frames(video: Video, config: ExtractFramesConfig, ctx: RuntimeContext) -> tuple[Frames, Frames]:
    """Decode the video: `frames` to look at closely, `motion` to follow things in between.

    Both are pictures that are on screen at evenly spaced times, with their presentation times; every picture of
    `frames` is in `motion` too, small and in grey. Cuts are marked in both. What is damaged is passed over, counted
    and told; a file of which nothing can be decoded is refused. A long video is decoded in segments side by side if
    it is in order, and else in one pass, which gives the same pictures.
    """
    if parts := _by_segment(video, config, ctx):
        return Frames.joined([part.frames for part in parts]), Frames.joined([part.motion for part in parts])
    return _in_one_pass(video, config, ctx)


def _by_segment(video: Video, config: ExtractFramesConfig, ctx: RuntimeContext) -> list[Part]:
    """The parts of the video in order of time; none where there has to be one pass."""
    decode = partial(decode_segment, video=video, config=config)
    parts: list[Part] = []
    for part in ctx.map(decode, plan(video)[::-1]):  # the last one first: a file that was cut short is known by it
        if not isinstance(part, Part):
            return []
        parts.insert(0, part)
    return parts if fit(parts) else []


def _in_one_pass(video: Video, config: ExtractFramesConfig, ctx: RuntimeContext) -> tuple[Frames, Frames]:
    with open_media(video) as media:
        work = SegmentWork(Segment(), media, video.uri, config, ctx.failed_items.append)
        total = media.declared_s or 0
        for sample in work:
            ctx.set_progress(min(sample.t, total) if total else sample.t, total)
        if not work.writer.size:
            raise _nothing(video, media, work.decoder)
        info = work.info()
    return work.writer.finish(info, _notes(work.decoder, info))


def _nothing(video: Video, media: Media, decoder: Decoder) -> InputError:
    codec = media.stream.codec_context.name
    why = decoder.stopped or (f"{decoder.damaged} damaged packets" if decoder.damaged else "it holds none")
    return InputError(
        f"{video.uri}: not one picture can be decoded ({codec}, {video.size} bytes): {why}. Check that the file plays.",
        uri=video.uri,
    )


def _notes(decoder: Decoder, info: MediaInfo) -> list[str]:
    notes, clock, others = [], decoder.clock, decoder.media.others
    if ends_early(info):
        why = decoder.stopped or ("what follows is damaged" if decoder.in_damage else "the data ends there")
        notes.append(
            f"Decoding ended at {info.decoded_s:.2f} s of the {info.duration_s:.2f} s that the file declares ({why}); "
            "what comes later is not in this report."
        )
    if decoder.damaged:
        notes.append(
            f"{decoder.damaged} packet(s) of the video are damaged, the first after {decoder.first_damage_s:.2f} s; "
            "pictures there are missing or spoilt."
        )
    if decoder.spoilt:
        notes.append(
            f"{decoder.spoilt} picture(s) are spoilt by damage, the first at {decoder.first_spoilt_s:.2f} s; "
            "what was on screen there may not be found."
        )
    if clock.unordered:
        notes.append(f"{clock.unordered} picture(s) with times that run backwards were left out.")
    if clock.restarts:
        notes.append(f"The file's clock begins anew {clock.restarts} time(s); times are counted on from there.")
    if others:
        notes.append(f"The file has {others} more stream(s) of moving pictures, which were not looked at.")
    return notes
