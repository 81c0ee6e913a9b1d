"""`Scenes`: from cut to cut, and what was seen in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar

from stages.core.blobs import BlobStore
from stages.core.datatype import DataType, Json


@dataclass(frozen=True)
class SceneObject:
    """Things of one label in a scene.

    most  how many were in one picture, at most
    mean  how many were in a picture, on average
    """

    label: str
    most: int
    mean: float


@dataclass(frozen=True)
class Scene:
    """A stretch of video without a cut.

    id          unique in its video, in order of time: "s0001"
    start_s     presentation time of its first picture, seconds
    end_s       that of the next scene's first picture, or the end of the video
    picture_t   time of the picture that stands for it
    pictures    how many pictures of it were looked at
    objects     what was in them, the most numerous label first
    """

    id: str
    start_s: float
    end_s: float
    picture_t: float
    pictures: int
    objects: tuple[SceneObject, ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Scenes(DataType):
    """Scenes in order of time, one after the other without a gap.

    notes  what a reader of the index should know about how they were found, in sentences
    """

    name: ClassVar[str] = "Scenes"
    format: ClassVar[str] = "json"
    description: ClassVar[str] = "From cut to cut, with how many things of each label were in a picture."

    rows: tuple[Scene, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Scene]:
        return iter(self.rows)

    def encode(self, blobs: BlobStore) -> Json:
        """See DataType."""
        return {"notes": list(self.notes), "scenes": [_plain(row) for row in self.rows]}

    @classmethod
    def decode(cls, data: Json, blobs: BlobStore) -> Scenes:
        """See DataType."""
        rows = (row | {"objects": tuple(SceneObject(**one) for one in row["objects"])} for row in data["scenes"])
        return cls(tuple(Scene(**row) for row in rows), tuple(data["notes"]))

    def summary(self) -> Mapping[str, Json]:
        """Scenes, how many labels, and the length of all."""
        labels = {one.label for row in self.rows for one in row.objects}
        return {"scenes": len(self), "labels": len(labels), "seconds": round(sum(row.seconds for row in self.rows), 2)}


def _plain(scene: Scene) -> dict[str, Json]:
    return asdict(scene) | {"objects": [asdict(one) for one in scene.objects]}
