"""Where a COCO dataset has its annotations, and its pictures, by the layouts that are in use."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

_NAMES = ("_annotations.coco.json", "annotations.json", "labels.json")
_YEAR = re.compile(r"[-_]?(19|20)[0-9]{2}$")


def annotation_files(paths: Iterable[str]) -> dict[str, str]:
    """Path of the annotations of each split: `annotations/instances_train2017.json` (or without `instances_`, where
    none begins so), `train/_annotations.coco.json`, `train/annotations.json`, or one of them at the root, for `all`."""
    found = [path for path in paths if path.endswith(".json")]
    listed = [path for path in found if posixpath.dirname(path) == "annotations"]
    instances = [path for path in listed if posixpath.basename(path).startswith("instances_")]
    named = [path for path in found if posixpath.basename(path) in _NAMES and path not in listed]
    files = [*(instances or listed), *(path for path in named if path.count("/") <= 1)]
    splits: dict[str, str] = {}
    for path in files:
        name = _split(path)
        splits[name if name not in splits else path.removesuffix(".json")] = path
    return splits


def _split(path: str) -> str:
    folder, name = posixpath.split(path.removesuffix(".json"))
    if folder == "annotations":
        name = _YEAR.sub("", name.removeprefix("instances_"))
    else:
        name = folder or "all"
    return "val" if name in ("valid", "validation") else name


def picture_folders(annotations: str) -> list[str]:
    """Folders in which the pictures of an annotation file may be, the likeliest first; each ends with "/" or is ""."""
    folder, name = posixpath.split(annotations.removesuffix(".json"))
    own = f"{folder}/" if folder else ""
    if folder != "annotations":
        return [own, f"{own}data/", f"{own}images/"]
    long = name.removeprefix("instances_")
    short = _YEAR.sub("", long)
    names = [*dict.fromkeys((long, short, "valid" if short == "val" else short))]
    return [*(f"{n}/" for n in names), *(f"images/{n}/" for n in names), "images/", "data/", ""]
