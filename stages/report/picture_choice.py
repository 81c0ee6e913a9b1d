"""Which exposures get a picture, where not all can have one."""

from __future__ import annotations

from collections.abc import Sequence

from stages.datatypes import Exposure


def chosen(exposures: Sequence[Exposure], most: int) -> list[Exposure]:
    """At most `most` exposures, in their own order: the longest of each brand first, then the longest of all."""
    if len(exposures) <= most:
        return list(exposures)
    by_length = sorted(exposures, key=lambda e: (-e.seconds, e.start_s, e.brand))
    firsts, seen = [], set()
    for exposure in by_length:
        if exposure.brand not in seen:
            seen.add(exposure.brand)
            firsts.append(exposure)
    first_ids = {exposure.id for exposure in firsts}
    rest = [exposure for exposure in by_length if exposure.id not in first_ids]
    wanted = {exposure.id for exposure in [*firsts, *rest][:most]}
    return [exposure for exposure in exposures if exposure.id in wanted]
