"""An annotation file of COCO, checked: pictures, categories, and boxes in pixels."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from stages.datatypes.coco_layout import picture_folders
from stages.datatypes.fault_list import FaultList
from stages.datatypes.file_tree import FileTree
from stages.datatypes.yolo_config import inside

MOST_BYTES = 1 << 30
_ROUNDING = 1.0
"""Pixels by which a box may lie outside of its picture: tools round."""


@dataclass(frozen=True)
class COCOImage:
    """A picture: its path in the dataset, and its size in pixels."""

    path: str
    width: int
    height: int


@dataclass(frozen=True)
class COCOAnnotations:
    """What one file says.

    images      by id
    categories  names by id
    boxes       by id of the image: (id of the category, x, y, width, height), pixels, from the top left
    """

    images: Mapping[int, COCOImage]
    categories: Mapping[int, str]
    boxes: Mapping[int, list[tuple[int, float, float, float, float]]]


def read_annotations(tree: FileTree, file: str, faults: FaultList) -> COCOAnnotations:
    """The annotations in a file of a tree. All that is wrong in it is told to `faults`, and left out."""
    document = _document(tree, file, faults)
    reading = _Reading(tree, file, faults)
    images = reading.images(document.get("images"))
    categories = reading.categories(document.get("categories"))
    return COCOAnnotations(images, categories, reading.boxes(document.get("annotations"), images, categories))


def _document(tree: FileTree, file: str, faults: FaultList) -> Mapping[str, Any]:
    if tree.files[file].size > MOST_BYTES:
        faults.add(f"is larger than {MOST_BYTES >> 30} GiB; split it", file)
        return {}
    try:
        document = json.loads(tree.read(file))
    except (ValueError, RecursionError) as error:
        faults.add(f"is not JSON: {error}", file, getattr(error, "lineno", None))
        return {}
    if not isinstance(document, dict) or "images" not in document or "categories" not in document:
        faults.add("has no `images` and `categories`; expected annotations of objects in COCO's form", file)
        return {}
    return document


class _Reading:
    def __init__(self, tree: FileTree, file: str, faults: FaultList) -> None:
        self._tree, self._file, self._faults = tree, file, faults
        self._folders = picture_folders(file)

    def images(self, rows: Any) -> dict[int, COCOImage]:
        found: dict[int, COCOImage] = {}
        for at, row in self._rows(rows, "images"):
            if (id := self._new_id(row, at, found)) is not None and (image := self._image(row, at)) is not None:
                found[id] = image
        return found

    def _image(self, row: Mapping[str, Any], at: str) -> COCOImage | None:
        name, width, height = row.get("file_name"), row.get("width"), row.get("height")
        if not isinstance(name, str) or not _is_whole(width) or not _is_whole(height) or min(width, height) < 1:
            self._fault(
                f"{at} has file_name {name!r} and size {width}x{height}; expected a path, width and height in pixels"
            )
            return None
        places = [inside(name, folder) for folder in self._folders]
        if None in places:
            self._fault(f"{at} has file_name {name!r}, which leads out of the dataset")
            return None
        for path in places:
            if path in self._tree.files:
                return COCOImage(str(path), width, height)
        looked = ", ".join(repr(folder or "./") for folder in self._folders)
        self._fault(f"{at} has file_name {name!r}, which is not there; looked below {looked}")
        return None

    def categories(self, rows: Any) -> dict[int, str]:
        found: dict[int, str] = {}
        for at, row in self._rows(rows, "categories"):
            if (id := self._new_id(row, at, found)) is None:
                continue
            if not isinstance(row.get("name"), str) or not row["name"]:
                self._fault(f"{at} has the name {row.get('name')!r}; expected a word")
            found[id] = str(row.get("name"))
        return dict(sorted(found.items()))

    def boxes(
        self, rows: Any, images: Mapping[int, COCOImage], categories: Mapping[int, str]
    ) -> dict[int, list[tuple[int, float, float, float, float]]]:
        found: dict[int, list[tuple[int, float, float, float, float]]] = {}
        seen: dict[int, None] = {}
        for at, row in self._rows(rows, "annotations"):
            if (id := self._new_id(row, at, seen)) is None:
                continue
            seen[id] = None
            image, category = row.get("image_id"), row.get("category_id")
            if not _is_whole(image) or image not in images:
                self._fault(f"{at} has image_id {image!r}, which none of the images has")
            elif not _is_whole(category) or category not in categories:
                self._fault(f"{at} has category_id {category!r}, which none of the categories has")
            elif (wrong := _fault_of_box(row.get("bbox"), images[image])) is not None:
                self._fault(f"{at} has bbox {row.get('bbox')!r}, {wrong}")
            else:
                x, y, width, height = map(float, row["bbox"])
                found.setdefault(image, []).append((category, x, y, width, height))
        return found

    def _rows(self, rows: Any, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if not isinstance(rows, list):
            if rows is not None:
                self._fault(f"`{key}` is no list")
            return
        for number, row in enumerate(rows):
            if isinstance(row, dict):
                yield f"{key}[{number}]", row
            else:
                self._fault(f"{key}[{number}] is no mapping")

    def _new_id(self, row: Mapping[str, Any], at: str, known: Mapping[int, Any]) -> int | None:
        id = row.get("id")
        if not _is_whole(id):
            self._fault(f"{at} has the id {id!r}; expected a whole number")
            return None
        if id in known:
            self._fault(f"{at} has the id {id}, which another one has; give each its own")
            return None
        return id

    def _fault(self, message: str) -> None:
        self._faults.add(message, self._file)


def _is_whole(value: Any) -> TypeGuard[int]:
    return type(value) is int  # true and false are no ids


def _fault_of_box(box: Any, image: COCOImage) -> str | None:
    """What is wrong with x, y, width, height in pixels."""
    if not isinstance(box, list) or len(box) != 4 or not all(type(n) in (int, float) and math.isfinite(n) for n in box):
        return "expected [x, y, width, height] in pixels"
    x, y, width, height = box
    if width < 0 or height < 0:
        return "whose width or height is less than 0"
    right, bottom = image.width + _ROUNDING, image.height + _ROUNDING
    if min(x, y) < -_ROUNDING or x + width > right or y + height > bottom:
        return f"which is not within its picture of {image.width}x{image.height}; expected pixels from the top left"
    return None
