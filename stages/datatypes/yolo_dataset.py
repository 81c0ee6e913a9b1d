"""`YOLODataset`: pictures with boxes, as YOLO trains on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from stages.core.datatype import Json
from stages.datatypes.dataset import Dataset
from stages.datatypes.fault_list import FaultList
from stages.datatypes.file_tree import FileTree
from stages.datatypes.in_splits import InSplits
from stages.datatypes.yolo_config import YOLOConfig, inside, read_config
from stages.datatypes.yolo_labels import Label, as_boxes, is_picture, label_of, labels_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_LABEL_BYTES = 16 << 20

_NO_LABELS = ("classes.txt", "train.txt", "val.txt", "test.txt")


@dataclass(frozen=True, eq=False)
class YOLOSample:
    """A picture and what is on it.

    image     its path in the dataset
    boxes     (N, 5) float32: class, then centre x, y, width and height as shares of the picture; N is 0 for background
    outlines  for each box the outline it was taken from, (M, 2) float32; None where the label is a box
    """

    image: str
    boxes: NDArray[np.float32]
    outlines: tuple[NDArray[np.float32] | None, ...]


@dataclass(frozen=True, eq=False)
class YOLODataset(InSplits, Dataset):
    """A folder with `data.yaml`, pictures, and a label file for each picture that has something on it.

    `…/images/a.jpg` has its labels in `…/labels/a.txt`; a picture without is background. Splits are those there are of
    train, val and test.
    """

    name: ClassVar[str] = "YOLODataset"
    format: ClassVar[str] = "yolo"
    description: ClassVar[str] = "Pictures with boxes in YOLO's form: a folder with data.yaml, images and labels."

    @classmethod
    def leaves_out(cls, name: str) -> bool:
        """What no dataset counts, and what training leaves in one: ultralytics' `labels.cache`, a pickle."""
        return super().leaves_out(name) or name.endswith(".cache")

    @classmethod
    def looked_at(cls, tree: FileTree) -> Mapping[str, Json]:
        """Classes, and the figures of each split. Raises InputError with every fault of data.yaml and the labels."""
        faults = FaultList(tree.where, "is no YOLO dataset")
        config = read_config(tree, faults)
        if config is not None:
            labels = _Labels(tree, len(config.classes), faults)
            splits = {split: labels.figures(_pictures(tree, config, split, faults)) for split in config.splits}
            labels.check_lonely()
        faults.refuse()
        assert config is not None
        return {"config": config.file, "classes": list(config.classes), "splits": splits}

    def images(self, split: str) -> list[str]:
        """Paths of the pictures of a split, in order. Raises KeyError."""
        self._split(split)  # raises where there is none
        faults = FaultList(self.tree.where, "cannot be read")
        config = read_config(self.tree, faults)
        found = _pictures(self.tree, config, split, faults) if config else []
        faults.refuse()
        return found

    def samples(self, split: str) -> Iterator[YOLOSample]:
        """Pictures of a split with their boxes, in order of path; labels are read as it goes on."""
        images = self.images(split)
        label = {image: label_of(image) for image in images}
        texts = self.tree.read_all(path for path in label.values() if path in self.tree.files)
        for image in images:
            text = next(texts)[1].decode() if label[image] in self.tree.files else ""
            labels = [one for one in labels_in(text, len(self.classes)) if isinstance(one, Label)]
            yield YOLOSample(image, as_boxes(labels), tuple(map(_outline, labels)))

    def summary(self) -> Mapping[str, Json]:
        """Files, bytes, classes, and for each split pictures and boxes."""
        return {**super().summary(), **self._figures()}


class _Labels:
    """Reads every label file once, however many splits its picture is in."""

    def __init__(self, tree: FileTree, classes: int, faults: FaultList) -> None:
        self._tree, self._classes, self._faults = tree, classes, faults
        self._boxes: dict[str, int] = {}

    def figures(self, pictures: list[str]) -> dict[str, int]:
        """Pictures, boxes, and pictures without any."""
        paths = {label: None for picture in pictures if (label := label_of(picture)) in self._tree.files}
        self._read([path for path in paths if path not in self._boxes])
        counts = [self._boxes.get(label_of(picture), 0) for picture in pictures]
        return {"images": len(pictures), "boxes": sum(counts), "background": counts.count(0)}

    def _read(self, paths: list[str]) -> None:
        for path in [path for path in paths if self._tree.files[path].size > MOST_LABEL_BYTES]:
            self._faults.add(f"is larger than {MOST_LABEL_BYTES:,} bytes, which no label file is", path)
            self._boxes[path] = 0
        for path, content in self._tree.read_all(path for path in paths if path not in self._boxes):
            self._boxes[path] = self._checked(path, content)

    def _checked(self, path: str, content: bytes) -> int:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            self._faults.add("is not text; expected lines of class cx cy w h", path)
            return 0
        read = Counter[bool]()
        for label in labels_in(text, self._classes):
            read[isinstance(label, Label)] += 1
            if not isinstance(label, Label):
                self._faults.add(label[1], path, label[0])
        return read[True]

    def check_lonely(self) -> None:
        """Tell of label files whose picture is not there."""
        expected = {label_of(path) for path in self._tree.files if is_picture(path)}
        for path in self._tree.files:
            if _looks_like_labels(path) and path not in expected:
                self._faults.add("is a label file without a picture; remove it, or put the picture back", path)


def _looks_like_labels(path: str) -> bool:
    """Whether it lies where labels do, and is not a list that annotation tools put beside them."""
    name = path.rpartition("/")[2]
    return "/labels/" in f"/{path}" and name.endswith(".txt") and name not in _NO_LABELS


def _pictures(tree: FileTree, config: YOLOConfig, split: str, faults: FaultList) -> list[str]:
    """Paths of the pictures of a split, in order, each once."""
    found: dict[str, None] = {}
    for place in config.splits[split]:
        if place in tree.files:
            found |= dict.fromkeys(_listed(tree, place, faults))
        else:
            below = f"{place}/" if place else ""
            found |= dict.fromkeys(path for path in tree.files if path.startswith(below) and is_picture(path))
    if not found and not faults.count:
        faults.add(f"`{split}` has no picture: {', '.join(config.splits[split])}", config.file)
    return sorted(found)


def _listed(tree: FileTree, file: str, faults: FaultList) -> Iterator[str]:
    """The pictures that a .txt names, from its own folder or from the root on."""
    try:
        lines = tree.read(file).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return faults.add("is not UTF-8 text; expected a picture's path in each line", file)
    for number, line in enumerate(lines, 1):
        given = line.strip()
        tried = [inside(given, file.rpartition("/")[0]), inside(given)] if given else []
        picture = next((path for path in tried if path in tree.files), None)
        if picture is not None:
            yield picture
        elif given:
            faults.add(
                f"names {given!r}, which is not in the dataset; write it from the root of the dataset on", file, number
            )


def _outline(label: Label) -> NDArray[np.float32] | None:
    import numpy as np

    return None if len(label.values) == 4 else np.asarray(label.values, np.float32).reshape(-1, 2)
