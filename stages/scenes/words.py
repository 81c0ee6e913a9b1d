"""Counts as words."""

from __future__ import annotations

from collections.abc import Sequence

from stages.datatypes import SceneObject


def objects_in_words(objects: Sequence[SceneObject]) -> str:
    """What was in a scene, as in "3 x person, bicycle": at most so many at once."""
    return ", ".join(one.label if one.most == 1 else f"{one.most} x {one.label}" for one in objects)
