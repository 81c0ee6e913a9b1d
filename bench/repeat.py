"""A long film made cheaply: a short one over and over, its stream copied and not encoded again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.film import Truth


def repeat_film(path: Path, truth: Truth, times: int, out: Path) -> Truth:
    """Write a film that shows another one `times` times; gives its truth. Every turn begins with a cut."""
    import av

    pictures = len(truth["frames"])
    with av.open(str(path)) as source, av.open(str(out), "w", options={"movflags": "+faststart"}) as target:
        stream = source.streams.video[0]
        copied = target.add_stream_from_template(stream)
        length = round(pictures / stream.average_rate / stream.time_base)
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        data = [(bytes(p), p.pts, p.dts, p.is_keyframe) for p in packets]
        for turn in range(times):
            for content, pts, dts, is_keyframe in data:
                packet = av.Packet(content)
                packet.pts, packet.dts = pts + turn * length, dts + turn * length
                packet.time_base, packet.stream, packet.is_keyframe = stream.time_base, copied, is_keyframe
                target.mux(packet)
    return _repeated(truth, times)


def _repeated(truth: Truth, times: int) -> Truth:
    length = len(truth["frames"]) / truth["meta"]["fps"]
    joints = [round(turn * length, 4) for turn in range(1, times)]
    cuts = [round(cut + turn * length, 4) for turn in range(times) for cut in truth["cuts"]]
    return {
        **truth,
        "cuts": sorted([*cuts, *joints]),
        "frames": list(_frames(truth, times, length)),
        "tracks": [_track(track, turn, truth, length) for turn in range(times) for track in truth["tracks"]],
    }


def _frames(truth: Truth, times: int, length: float) -> Iterator[dict[str, Any]]:
    for turn in range(times):
        for frame in truth["frames"]:
            yield {
                "i": frame["i"] + turn * len(truth["frames"]),
                "t": round(frame["t"] + turn * length, 4),
                "shot": frame["shot"] + turn * _shots(truth),
                "objects": [seen | {"id": seen["id"] + turn * _ids(truth)} for seen in frame["objects"]],
            }


def _track(track: dict[str, Any], turn: int, truth: Truth, length: float) -> dict[str, Any]:
    times = {key: round(track[key] + turn * length, 4) for key in ("t0", "t1")}
    return track | times | {"id": track["id"] + turn * _ids(truth), "shot": track["shot"] + turn * _shots(truth)}


def _shots(truth: Truth) -> int:
    return len(truth["cuts"]) + 1


def _ids(truth: Truth) -> int:
    return 100 * _shots(truth)
