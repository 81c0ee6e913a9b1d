"""`COCODataset`: pictures with boxes, as COCO has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from stages.core.datatype import Json
from stages.datatypes.coco_annotations import COCOAnnotations, read_annotations
from stages.datatypes.coco_layout import annotation_files
from stages.datatypes.dataset import Dataset
from stages.datatypes.fault_list import FaultList
from stages.datatypes.file_tree import FileTree
from stages.datatypes.in_splits import InSplits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class COCOSample:
    """A picture and what is on it.

    image          its path in the dataset
    width, height  pixels
    boxes          (N, 5) float32: class (its place in `classes`, not its id), then x, y of the top left corner, width
                   and height, pixels
    """

    image: str
    width: int
    height: int
    boxes: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class COCODataset(InSplits, Dataset):
    """A folder with pictures and annotations as JSON, one file a split: `annotations/instances_train2017.json`,
    `train/_annotations.coco.json`, or `annotations.json` alone.

    Classes are the categories in the order of their ids. Splits are train, val and test first; `all` where there is
    only one.
    """

    name: ClassVar[str] = "COCODataset"
    format: ClassVar[str] = "coco"
    description: ClassVar[str] = "Pictures with boxes in COCO's form: a folder with images and annotations as JSON."

    @classmethod
    def looked_at(cls, tree: FileTree) -> Mapping[str, Json]:
        """Classes, and the figures of each split. Raises InputError with every fault of the annotations."""
        faults = FaultList(tree.where, "is no COCO dataset")
        files = annotation_files(tree.files)
        if not files:
            faults.add(
                "there are no annotations; expected annotations/*.json, or _annotations.coco.json or annotations.json "
                "at the root or in the folder of each split"
            )
        categories: dict[str, Mapping[int, str]] = {}
        splits: dict[str, Json] = {}
        for split, file in sorted(files.items(), key=lambda one: _order(one[0])):
            read = read_annotations(tree, file, faults)
            categories[file] = read.categories
            splits[split] = {"file": file, "images": len(read.images), "boxes": sum(map(len, read.boxes.values()))}
        _check_that_all_agree(categories, faults)
        faults.refuse()
        known = next(iter(categories.values()))
        return {"classes": list(known.values()), "category_ids": list(known), "splits": splits}

    @property
    def category_ids(self) -> list[int]:
        """Ids of the categories, in the order of `classes`."""
        return list(self.about["category_ids"])

    def images(self, split: str) -> list[str]:
        """Paths of the pictures of a split, in order. Raises KeyError."""
        return sorted(image.path for image in self._annotations(split).images.values())

    def samples(self, split: str) -> Iterator[COCOSample]:
        """Pictures of a split with their boxes, in order of path. Raises KeyError."""
        import numpy as np

        read = self._annotations(split)
        number = {id: place for place, id in enumerate(self.category_ids)}
        for id, image in sorted(read.images.items(), key=lambda one: one[1].path):
            rows = [(number[category], *box) for category, *box in read.boxes.get(id, [])]
            yield COCOSample(image.path, image.width, image.height, np.asarray(rows, np.float32).reshape(-1, 5))

    def _annotations(self, split: str) -> COCOAnnotations:
        file = self._split(split)["file"]
        faults = FaultList(self.tree.where, "cannot be read")
        read = read_annotations(self.tree, file, faults)
        faults.refuse()
        return read

    def summary(self) -> Mapping[str, Json]:
        """Files, bytes, classes, and for each split pictures and boxes."""
        return {**super().summary(), **self._figures()}


def _order(split: str) -> tuple[int, str]:
    known = ("train", "val", "test")
    return (known.index(split) if split in known else len(known), split)


def _check_that_all_agree(categories: Mapping[str, Mapping[int, str]], faults: FaultList) -> None:
    """One class must be one in all splits."""
    first, *rest = categories.items() or [("", {})]
    for file, own in rest:
        if own != first[1]:
            faults.add(f"has other categories than {first[0]}; give each the same id and name in all of them", file)
    if categories and not first[1]:
        faults.add("has no category; expected an id and a name for each class", first[0])
