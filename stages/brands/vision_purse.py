"""What questions cost, and when there is no money for the next one."""

from __future__ import annotations

from stages.brands.vision_endpoint import Reply

ASSUMED_IN = 10_000
"""Tokens that a question counts as where the endpoint does not tell: as many as a picture of 512 pixels costs on the
model that charges most for it."""

ROUNDING = 1e-9


class Purse:
    """A budget, and what was paid of it, in order of the questions.

    Whether question n may be asked depends on what those before it cost, less the `parallel` that may be under way with
    it, for each of which as much is set aside as the dearest one has cost. So the same answers give the same end.
    """

    def __init__(self, budget: float, price_in: float, price_out: float, assumed_out: int, parallel: int) -> None:
        """Prices are for a thousand tokens; `assumed_out` tokens of an answer where the endpoint does not tell."""
        self.tokens_in = self.tokens_out = self.untold = 0
        self._budget, self._prices, self._assumed_out = budget, (price_in / 1000, price_out / 1000), assumed_out
        self._parallel = parallel
        self._paid: list[float] = []

    @property
    def cost(self) -> float:
        """What was paid."""
        return round(sum(self._paid), 6)

    def pay(self, reply: Reply | None) -> None:
        """The next question has ended; without a reply it costs nothing."""
        tokens = (0, 0)
        if reply is not None:
            told = reply.tokens_in is not None and reply.tokens_out is not None
            self.untold += not told
            tokens = (reply.tokens_in or 0, reply.tokens_out or 0) if told else (ASSUMED_IN, self._assumed_out)
        self.tokens_in += tokens[0]
        self.tokens_out += tokens[1]
        self._paid.append(tokens[0] * self._prices[0] + tokens[1] * self._prices[1])

    def allows(self, number: int) -> bool:
        """Whether there is money for question `number`, counted from 0. Of the first one nothing is known."""
        if number == 0:
            return self._budget > 0 or self._prices == (0.0, 0.0)
        ended = self._paid[: max(1, number - self._parallel + 1)]
        set_aside = (number - len(ended) + 1) * max(ended)
        return sum(ended) + set_aside <= self._budget + ROUNDING
