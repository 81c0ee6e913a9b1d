"""The small picture that stands for a scene."""

from __future__ import annotations

from io import BytesIO

from stages.datatypes import Frames, Scene, Scenes

WIDTH, HEIGHT = 320, 180
"""Pixels into which a picture is fitted."""

QUALITY = 80


def thumbnail(frames: Frames, scene: Scene) -> bytes:
    """JPEG of a scene's picture. Raises OSError where that cannot be decoded."""
    from PIL import Image

    with Image.open(BytesIO(frames.at(scene.picture_t).jpeg())) as picture:
        picture.draft("RGB", (2 * WIDTH, 2 * HEIGHT))  # JPEG can be decoded at half its size and less, sooner
        small = picture.convert("RGB")
    small.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS, reducing_gap=None)
    out = BytesIO()
    small.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def shown(scenes: Scenes, most: int) -> list[Scene]:
    """At most so many scenes, the longest, in order of time."""
    longest = sorted(scenes, key=lambda scene: (-scene.seconds, scene.start_s))[:most]
    return sorted(longest, key=lambda scene: scene.start_s)
