"""The index of `Frames`: where each picture lies and what times it stands for, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """One entry a frame, in order of time; N frames, M further times.

    t           (N,) float64 seconds of presentation time
    shard       (N,) int64 which shard holds it, never decreasing
    offset      (N,) int64 where in the shard its JPEG begins, bytes
    size        (N,) int64 bytes of the JPEG
    cut         (N,) bool whether a new shot begins with it
    held_frame  (M,) int64 never decreasing: a frame that stands for a further time…
    held_t      (M,) float64 …and that time, seconds
    """

    t: Floats
    shard: Ints
    offset: Ints
    size: Ints
    cut: NDArray[np.bool_]
    held_frame: Ints
    held_t: Floats

    def __len__(self) -> int:
        return len(self.t)

    def stands_for(self, frame: int) -> tuple[float, ...]:
        """Every sample time that a frame stands for, its own first; ascending."""
        first, last = self.held_frame.searchsorted([frame, frame + 1])
        return (float(self.t[frame]), *map(float, self.held_t[first:last]))

    def keep(self, kept: Sequence[int], cuts: Sequence[int]) -> FrameIndex:
        """The frames of these places (ascending, the first among them). Each stands for all that follow and are left
        out, too. `cuts` are places at which a shot begins."""
        import numpy as np

        place = np.asarray(kept, np.int64)
        if len(place) == 0 or place[0] != 0 or np.any(np.diff(place) <= 0):
            raise ValueError("kept frames must be ascending places that begin with 0, so that no time is lost")
        owner = np.searchsorted(place, np.arange(len(self)), side="right") - 1
        dropped = np.setdiff1d(np.arange(len(self)), place)
        frames = np.concatenate([owner[dropped], owner[self.held_frame]])
        times = np.concatenate([self.t[dropped], self.held_t])
        order = np.lexsort((times, frames))
        return FrameIndex(
            self.t[place],
            self.shard[place],
            self.offset[place],
            self.size[place],
            np.isin(place, np.asarray(cuts, np.int64)),
            frames[order],
            times[order],
        )

    @staticmethod
    def joined(parts: Sequence[FrameIndex]) -> FrameIndex:
        """One index after the other, in order of time; so are their shards, each of which holds a frame."""
        import numpy as np

        frames = np.cumsum([0, *(len(part) for part in parts)])
        shards = np.cumsum([0, *(int(part.shard[-1]) + 1 if len(part) else 0 for part in parts)])
        columns = {
            name: [getattr(part, name) for part in parts] for name in ("t", "offset", "size", "cut", "held_t")
        } | {
            "shard": [part.shard + before for part, before in zip(parts, shards, strict=False)],
            "held_frame": [part.held_frame + before for part, before in zip(parts, frames, strict=False)],
        }
        return FrameIndex(**{name: np.concatenate(own) for name, own in columns.items()})

    def to_json(self) -> dict[str, Any]:
        """Columns as lists; shards as how many frames each holds, cuts as the places at which they are."""
        counts = [[int(shard), len(list(same))] for shard, same in groupby(self.shard.tolist())]
        return {
            "t": self.t.tolist(),
            "per_shard": counts,
            "offset": self.offset.tolist(),
            "size": self.size.tolist(),
            "cuts": self.cut.nonzero()[0].tolist(),
            "held_frame": self.held_frame.tolist(),
            "held_t": self.held_t.tolist(),
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> FrameIndex:
        """What `to_json` was given."""
        import numpy as np

        t = np.asarray(data["t"], np.float64)
        shards = [shard for shard, count in data["per_shard"] for _ in range(count)]
        return FrameIndex(
            t,
            np.asarray(shards, np.int64),
            np.asarray(data["offset"], np.int64),
            np.asarray(data["size"], np.int64),
            np.isin(np.arange(len(t)), np.asarray(data["cuts"], np.int64)),
            np.asarray(data["held_frame"], np.int64),
            np.asarray(data["held_t"], np.float64),
        )
