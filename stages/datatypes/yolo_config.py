"""The `data.yaml` of a YOLO dataset: names of classes, and where the pictures of each split are."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from stages.datatypes.fault_list import FaultList
from stages.datatypes.file_tree import FileTree
from stages.documents.text_file import MAX_BYTES
from stages.documents.yaml_lines import DocumentKind, Part, read_yaml

SPLITS = ("train", "val", "test")
_FILES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")


@dataclass(frozen=True)
class YOLOConfig:
    """What the file says. classes  names by number; splits  for each, the folders and lists (.txt) below the root."""

    file: str
    classes: tuple[str, ...]
    splits: Mapping[str, tuple[str, ...]]


def read_config(tree: FileTree, faults: FaultList) -> YOLOConfig | None:
    """The config of a tree; None where it cannot be read. All that is wrong in it is told to `faults`."""
    file = next((file for file in _FILES if file in tree.files), None)
    if file is None:
        _tell_that_there_is_none(tree, faults)
        return None
    part = _read(tree, file, faults)
    if part is None or not isinstance(part.value, dict):
        return None
    reading = _Reading(tree, file, part.value, faults)
    return YOLOConfig(file, reading.classes(), reading.splits())


def _tell_that_there_is_none(tree: FileTree, faults: FaultList) -> None:
    below = [path for path in tree.files if posixpath.basename(path) in _FILES]
    hint = f"there is {below[0]}: name the folder {posixpath.dirname(below[0])!r}" if below else "write one"
    faults.add(
        f"is not there; expected the names of the classes and the folders of train and val in it; {hint}", _FILES[0]
    )


def _read(tree: FileTree, file: str, faults: FaultList) -> Part | None:
    if tree.files[file].size > MAX_BYTES:
        faults.add(f"is larger than {MAX_BYTES:,} bytes, which no data.yaml needs", file)
        return None
    try:
        text = tree.read(file).decode("utf-8-sig")
    except UnicodeDecodeError:
        faults.add("is not UTF-8 text; save it as that", file)
        return None
    part, wrong = read_yaml(text, file, DocumentKind("data.yaml", "`names:` and `train:`"))
    for fault in wrong:
        faults.tell(fault)
    if part is not None and not isinstance(part.value, dict):
        faults.add("is no mapping; expected `names:`, `train:` and `val:`", file, part.line)
    return part


class _Reading:
    def __init__(self, tree: FileTree, file: str, parts: Mapping[str, Part], faults: FaultList) -> None:
        self._tree, self._file, self._parts, self._faults = tree, file, parts, faults
        self._folders = {""} | {folder for path in tree.files for folder in _above(path)}

    def classes(self) -> tuple[str, ...]:
        part = self._parts.get("names")
        if part is None or not part.value:
            self._fault("has no `names`; write the names of the classes, in the order of their numbers", part)
            return ()
        self._refuse_poses()
        names = self._names(part)
        if (count := self._parts.get("nc")) is not None and names and count.value != len(names):
            self._fault(f"`nc` is {count.value!r}, but there are {len(names)} names; leave `nc` out", count)
        return names

    def _names(self, part: Part) -> tuple[str, ...]:
        listed = part.value
        if isinstance(listed, dict):
            wanted = [str(number) for number in range(len(listed))]
            if missing := [number for number in wanted if number not in listed]:
                self._fault(f"`names` has no class {missing[0]}; number {len(wanted)} classes from 0 on", part)
                return ()
            listed = [listed[number] for number in wanted]
        if not isinstance(listed, list):
            self._fault("`names` must be a list, or a mapping of numbers to names", part)
            return ()
        for name in listed:
            if isinstance(name.value, dict | list) or name.value in (None, ""):
                self._fault("a name of a class must be a word", name)
        return tuple(str(name.value) for name in listed)

    def _refuse_poses(self) -> None:
        if (part := self._parts.get("kpt_shape")) is not None:
            self._fault("`kpt_shape`: labels of poses are not read; expected boxes or outlines", part)

    def splits(self) -> dict[str, tuple[str, ...]]:
        self._check_root()
        found = {}
        for split in SPLITS:
            part = self._parts.get(split) or (self._parts.get("validation") if split == "val" else None)
            if part is not None and part.value not in (None, "", []):
                places = part.value if isinstance(part.value, list) else [part]
                found[split] = tuple(place for one in places if (place := self._place(one, split)) is not None)
        if not found:
            self._fault("names no pictures; write `train: images/train` and `val: images/val`", None)
        return found

    def _check_root(self) -> None:
        """`path` is where ultralytics looks on the machine of whoever wrote the file. (Without it, beside the file.)"""
        part = self._parts.get("path")
        if part is None or part.value in (None, "", ".", "./"):
            return
        self._fault(
            f"`path: {part.value}` is a folder of one machine; a dataset begins where its data.yaml lies. Leave `path` "
            "out, and write train, val and test from there on",
            part,
        )

    def _place(self, part: Part, split: str) -> str | None:
        given = part.value
        if not isinstance(given, str):
            self._fault(f"`{split}` must be a folder, a list of folders, or a .txt file of pictures", part)
            return None
        place = inside(given)
        if place is None and given.startswith(
            "../"
        ):  # so exports of Roboflow have it, and mean what lies beside the file
            place = inside(given.removeprefix("../"))
        if place is None:
            self._fault(f"`{split}: {given}` leads out of the dataset; write it from the folder of this file on", part)
        elif place not in self._folders and not (place.endswith(".txt") and place in self._tree.files):
            self._fault(
                f"`{split}: {given}` is not there; expected a folder with pictures, or a .txt that lists them", part
            )
        else:
            return place
        return None

    def _fault(self, message: str, part: Part | None) -> None:
        self._faults.add(message, self._file, part.line if part else 1)


def inside(given: str, folder: str = "") -> str | None:
    """A path of someone's file, as one below the root of the tree; None where it leads out. "" is the root."""
    if given.startswith("/") or "\\" in given:
        return None
    path = posixpath.normpath(posixpath.join(folder, given))
    if path.startswith(".."):
        return None
    return "" if path == "." else path


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]
