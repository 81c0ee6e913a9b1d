"""What index.json holds, but for what only the job knows (see stages.datatypes.stamp).

    {"format": 1, "job_id", "profile", "video": {"uri", "duration_s", "decoded_s", "width", "height", "fps"},
     "labels": [{"label", "scenes", "seconds", "most", "first_s"}],
     "scenes": [{"id", "start_s", "end_s", "seconds", "picture_t", "pictures",
                 "objects": [{"label", "most", "mean"}],
                 "image": {"file", "x", "y", "width", "height"} or null}],
     "notes": [text...], "cost": {...}}

Times in seconds of presentation time; a scene begins with its first picture and ends where the next begins. `seconds`
of a label is the length of the scenes that show it, `most` how many were in one picture, `mean` how many in a picture
on average. `image` is a part, in pixels, of a contact sheet beside the index. The format number is a promise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from stages.datatypes import Frames, Scene, Scenes
from stages.scenes.sheets import Place

FORMAT = 1
COLUMNS = ("id", "start_s", "end_s", "seconds", "picture_t", "pictures", "objects", "sheet")
"""Of scenes.csv."""


def index_content(frames: Frames, scenes: Scenes, images: Mapping[str, Place]) -> dict[str, Any]:
    """The index as JSON, without the job. `images`: where the picture of a scene is, by the scene's id."""
    return {
        "format": FORMAT,
        "video": asdict(frames.info),
        "labels": label_rows(scenes),
        "scenes": [_scene_row(scene, images.get(scene.id)) for scene in scenes],
        "notes": list(dict.fromkeys([*frames.notes, *scenes.notes])),
        "cost": {},
    }


def label_rows(scenes: Scenes) -> list[dict[str, Any]]:
    """A row for each label, that of the longest scenes first."""
    showing: dict[str, list[Scene]] = defaultdict(list)
    most: dict[str, int] = defaultdict(int)
    for scene in scenes:
        for one in scene.objects:
            showing[one.label].append(scene)
            most[one.label] = max(most[one.label], one.most)
    rows = [
        {
            "label": label,
            "scenes": len(found),
            "seconds": round(sum(scene.seconds for scene in found), 3),
            "most": most[label],
            "first_s": found[0].start_s,
        }
        for label, found in showing.items()
    ]
    return sorted(rows, key=lambda row: (-row["seconds"], row["label"]))


def _scene_row(scene: Scene, image: Place | None) -> dict[str, Any]:
    return {
        "id": scene.id,
        "start_s": scene.start_s,
        "end_s": scene.end_s,
        "seconds": round(scene.seconds, 3),
        "picture_t": scene.picture_t,
        "pictures": scene.pictures,
        "objects": [asdict(one) for one in scene.objects],
        "image": None if image is None else image._asdict(),
    }


def table_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A scene of the index as a line of scenes.csv."""
    objects = "; ".join(f"{one['label']} {one['most']}" for one in row["objects"])
    return {**row, "objects": objects, "sheet": (row["image"] or {}).get("file")}
