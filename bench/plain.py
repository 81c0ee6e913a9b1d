"""What a user would write in an afternoon, to compare with: read every sampled picture, match each line, merge hits.

    python -m bench.plain VIDEO BRANDS.json REPORT.json [--fps 2]

BRANDS.json is a list of names, other spellings after `|`. Nothing here uses the project, and nothing is clever.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
from rapidfuzz import fuzz
from rapidocr import RapidOCR

THRESHOLD, GAP_S = 84, 2.0
OCR = {
    "Global.use_cls": False,
    "Global.log_level": "error",
    "Det.limit_type": "max",
    "Det.limit_side_len": 960,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
}


def pictures(video: str, fps: float) -> Iterator[tuple[float, Any]]:
    """Time in seconds and picture, `fps` times a second."""
    with av.open(video) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        wanted = 0.0
        for frame in container.decode(stream):
            if frame.time is not None and frame.time >= wanted - 1e-6:
                yield frame.time, frame.to_ndarray(format="bgr24")
                wanted += 1 / fps


def plain(text: str) -> str:
    """Letters and digits only, in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def brand_of(text: str, names: dict[str, str]) -> str | None:
    """The brand that a line of text shows; `names`: plain spelling -> brand."""
    if len(text) < 4:
        return None
    score, best = max((fuzz.ratio(text, name), name) for name in names)
    if score >= THRESHOLD:
        return names[best]
    inside = [(fuzz.partial_ratio(text, name), name) for name in names if 5 <= len(name) < len(text)]
    score, best = max(inside, default=(0.0, ""))
    return names[best] if score >= THRESHOLD else None


def detect(video: str, brands: Sequence[str], fps: float) -> list[dict[str, Any]]:
    """Every line that shows a brand, in every sampled picture."""
    read = RapidOCR(params=OCR)
    names = {plain(name): brand.split("|")[0] for brand in brands for name in brand.split("|")}
    found = []
    for t, picture in pictures(video, fps):
        seen: Any = read(picture)
        for text, quad in zip(seen.txts or (), seen.boxes if seen.txts else (), strict=True):
            if brand := brand_of(plain(text), names):
                found.append({"t": round(t, 3), "brand": brand, "quad": [[float(x), float(y)] for x, y in quad]})
    return found


def exposures(detections: Sequence[dict[str, Any]], fps: float) -> list[dict[str, Any]]:
    """Hits of a brand with at most `GAP_S` between them are one exposure; a hit lasts until the next picture."""
    found: list[dict[str, Any]] = []
    for hit in sorted(detections, key=lambda hit: (hit["brand"], hit["t"])):
        last = found[-1] if found else None
        if last and last["brand"] == hit["brand"] and hit["t"] - last["end_s"] <= GAP_S:
            last["end_s"] = hit["t"] + 1 / fps
        else:
            found.append({"brand": hit["brand"], "start_s": hit["t"], "end_s": hit["t"] + 1 / fps})
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.plain")
    parser.add_argument("video")
    parser.add_argument("brands", type=Path)
    parser.add_argument("report", type=Path)
    parser.add_argument("--fps", type=float, default=2)
    given = parser.parse_args()
    found = detect(given.video, json.loads(given.brands.read_text()), given.fps)
    given.report.write_text(json.dumps({"exposures": exposures(found, given.fps), "detections": found}))


if __name__ == "__main__":
    main()
