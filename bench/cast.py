"""Who is named in a film: its sponsors, the words that look like them, and the rest; each with its looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.names import TELLINGS, likeness
from bench.plates import PALETTES, Style
from bench.typefaces import FACES

SOBER = (
    Style((18, 20, 28), (232, 234, 238), weight=0.0, space=0.4),
    Style((240, 242, 244), (20, 24, 32), weight=0.0, space=0.45),
    Style((20, 34, 84), (240, 244, 250), weight=0.0, space=0.42),
)
"""The colours of the broadcaster's own lettering."""
SOBER_FACES = ("condensed", "geometric", "narrow", "rounded light", "italic")
OWN_LOOK = 0.7
"""How often a sponsor shows in its own colours and face."""
CLOSE_EVERY = 5
"""Of so many look-alikes one is hard to tell from a brand, as long as there are any."""


@dataclass(frozen=True)
class Word:
    """Lettering to show. `brand` is None for what is nobody's."""

    brand: str | None
    text: str
    style: Style


class Cast:
    """Gives words by turns. In a film that is `empty` of brands, look-alikes take the sponsors' places."""

    def __init__(
        self,
        brands: Sequence[str],
        strangers: Sequence[str],
        close: Sequence[str],
        rng: np.random.Generator,
        empty: bool,
    ) -> None:
        self._rng = rng
        self._sponsors = (
            [] if empty else [str(b) for b in rng.permutation(list(brands))[: max(4, len(brands) * 2 // 3)]]
        )
        self._strangers = [str(s) for s in rng.permutation(list(strangers))]
        self._close = list(close)
        self._tellings = [str(t) for t in rng.permutation([t for t in TELLINGS if likeness(t, brands) < 60])]
        self._looks = {brand: self._look() for brand in brands}
        self._turns = {"sponsor": 0, "stranger": 0, "telling": 0}
        own = SOBER[int(rng.integers(len(SOBER)))]
        self.sober = replace(own, face=str(rng.choice(SOBER_FACES)))

    def sponsor(self) -> Word:
        """The next sponsor, under one of its spellings."""
        if not self._sponsors:
            return self.telling(self._look()) if self._turn("sponsor") % 2 else self.stranger()
        brand = self._sponsors[self._turn("sponsor") % len(self._sponsors)]
        names = brand.split("|")
        shown = names[0] if len(names) == 1 or self._rng.random() < 0.6 else names[1]
        return Word(names[0], shown, self._looks[brand] if self._rng.random() < OWN_LOOK else self._look())

    def stranger(self) -> Word:
        """The next word that looks like a brand and is none. One that is hard to tell comes now and then, and once."""
        turn = self._turn("stranger")
        nth, rest = divmod(turn, CLOSE_EVERY)
        if rest == CLOSE_EVERY - 1 and nth < len(self._close):
            return Word(None, self._close[nth], self._look())
        return Word(None, self._strangers[turn % len(self._strangers)], self._look())

    def telling(self, style: Style | None = None) -> Word:
        """The next of the broadcast's own words."""
        return Word(None, self._tellings[self._turn("telling") % len(self._tellings)], style or self.sober)

    def _turn(self, of: str) -> int:
        self._turns[of] += 1
        return self._turns[of] - 1

    def _look(self) -> Style:
        rng = self._rng
        style = PALETTES[int(rng.integers(len(PALETTES)))]
        return replace(style, face=str(rng.choice(list(FACES))), weight=0.0, space=float(rng.uniform(0.35, 0.6)))
