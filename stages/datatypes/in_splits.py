"""What datasets of pictures in splits have in common."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from stages.core.datatype import Json


class InSplits:
    """For a dataset whose `about` holds `classes`, names in order, and `splits`, what was found in each by its name."""

    if TYPE_CHECKING:

        @cached_property
        def about(self) -> Mapping[str, Json]:
            """See Dataset."""

    @property
    def classes(self) -> list[str]:
        """Names of the classes by number."""
        return list(self.about["classes"])

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits there are, in order."""
        return tuple(self.about["splits"])

    def _split(self, name: str) -> Mapping[str, Json]:
        """What was found in a split. Raises KeyError that names those there are."""
        if name not in self.about["splits"]:
            raise KeyError(f"there is no split {name!r} in this dataset; there are: {', '.join(self.splits)}")
        found: Mapping[str, Json] = self.about["splits"][name]
        return found

    def _figures(self) -> Mapping[str, Json]:
        """How many classes, and every count of each split."""
        counts = {
            f"{split}_{key}": count
            for split, found in self.about["splits"].items()
            for key, count in found.items()
            if isinstance(count, int)
        }
        return {"classes": len(self.about["classes"]), **counts}
