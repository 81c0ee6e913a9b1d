"""Asking about many crops: from memory what was asked before, the rest of the endpoint, as far as the budget goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import Any

from stages import FailedItem, Memo, RuntimeContext
from stages.brands.vision_endpoint import Endpoint, NotAnswered, Reply
from stages.brands.vision_purse import Purse
from stages.brands.vision_question import Answer, AnswerUnusable, Question
from stages.core.errors import ServiceError, ServiceUnreachable, TooManyFailedItems
from stages.core.spread import ThreadSpread
from stages.datatypes import Crop

GIVE_UP = 3
"""So many questions in vain, and none that was answered: the endpoint is not asked further."""


@dataclass(frozen=True)
class Inquiry:
    """What is asked, of whom, and how. `connect` is called only when there is something to ask."""

    question: Question
    model: str
    memo: Memo
    connect: Callable[[], Endpoint]
    purse: Purse
    parallel: int
    max_failed: int

    def key(self, crop: Crop) -> dict[str, str]:
        """What an answer depends on."""
        return {"crop": crop.digest, "model": self.model, "question": self.question.digest}


@dataclass(frozen=True)
class Outcome:
    """What became of one question. A reply was paid for, though it may hold no answer; then `error` says why."""

    reply: Reply | None = None
    answer: Answer | None = None
    error: Exception | None = None


@dataclass
class Told:
    """What became of all: answers by the crop's digest; how many of the crops were known from memory, asked about,
    answered with something that can be used, failed, and left out for want of money."""

    answers: dict[str, Answer] = field(default_factory=dict)
    cached: int = 0
    asked: int = 0
    answered: int = 0
    failed: int = 0
    left_out: int = 0


def ask_all(crops: Sequence[Crop], inquiry: Inquiry, ctx: RuntimeContext) -> Told:
    """Ask about crops of different digests, in their order; what fails is noted in `ctx.failed_items`.

    Requests wait, they do not compute: `parallel` of them are under way, whatever the threads of the run. Raises
    ServiceError where the key is refused or nothing is answered, and TooManyFailedItems.
    """
    told = Told()
    with ExitStack() as stack:
        spread = ThreadSpread(inquiry.parallel)
        stack.callback(spread.close)
        remembered = map(_whole, spread.map(partial(_remembered, inquiry), crops))
        told.answers = {crop.digest: a for crop, a in zip(crops, remembered, strict=True) if a is not None}
        told.cached = len(told.answers)
        ctx.set_progress(told.cached, len(crops))
        unknown = [crop for crop in crops if crop.digest not in told.answers]
        if unknown and inquiry.purse.allows(0):
            _Asking(stack.enter_context(inquiry.connect()), inquiry, told, ctx).ask(unknown, spread)
        told.left_out = len(unknown) - told.asked
    return told


def _remembered(inquiry: Inquiry, crop: Crop) -> Answer | None:
    kept = inquiry.memo.get(inquiry.key(crop))
    try:
        return None if kept is None else inquiry.question.answer(kept["content"])
    except (AnswerUnusable, KeyError, TypeError):
        return None


def _whole(result: Any) -> Any:
    """A result of a spread; what stopped it is not the crop's fault and ends the stage."""
    if isinstance(result, FailedItem) and result.error is not None:
        raise result.error
    return result


@dataclass(frozen=True)
class _Asking:
    endpoint: Endpoint
    inquiry: Inquiry
    told: Told
    ctx: RuntimeContext

    def ask(self, crops: Sequence[Crop], spread: ThreadSpread) -> None:
        """The first crop alone, which tells what a question costs and whether the key is good; then the others, as
        long as there is money. Each outcome is paid before the next question begins."""
        total = self.told.cached + len(crops)
        for crop, outcome in zip(crops, self._outcomes(crops, spread), strict=False):
            self._note(crop, outcome)
            self.ctx.set_progress(self.told.cached + self.told.asked, total)
        if self.told.failed and not self.told.answers:
            raise self._nothing_answered()

    def _outcomes(self, crops: Sequence[Crop], spread: ThreadSpread) -> Iterator[Outcome]:
        within = takewhile(lambda numbered: self.inquiry.purse.allows(numbered[0]), enumerate(crops[1:], 1))
        rest = (crop for _, crop in within)
        yield from map(_whole, spread.map(self._one, crops[:1]))
        yield from map(_whole, spread.map(self._one, rest, in_flight=self.inquiry.parallel))

    def _one(self, crop: Crop) -> Outcome:
        """Ask about one crop. An answer is remembered at once: it was paid for, whatever becomes of the job."""
        try:
            reply = self.endpoint.ask(self.inquiry.question.messages(crop.jpeg()))
        except NotAnswered as error:
            return Outcome(error=error)
        try:
            answer = self.inquiry.question.answer(reply.content)
        except AnswerUnusable as error:
            return Outcome(reply, error=error)
        self.inquiry.memo.put(self.inquiry.key(crop), {"content": reply.content})
        return Outcome(reply, answer)

    def _note(self, crop: Crop, outcome: Outcome) -> None:
        self.told.asked += 1
        self.inquiry.purse.pay(outcome.reply)
        if outcome.answer is not None:
            self.told.answered += 1
            self.told.answers[crop.digest] = outcome.answer
        elif outcome.error is not None:
            self.told.failed += 1
            message = f"track {crop.track} at {crop.t:.3f} s: {outcome.error}"
            kind = type(outcome.error).__name__
            self.ctx.failed_items.append(FailedItem(self.told.asked - 1, kind, message, outcome.error))
            self._check_failures()

    def _check_failures(self) -> None:
        failed, limit = self.told.failed, self.inquiry.max_failed
        if failed >= GIVE_UP and not self.told.answered:
            raise self._nothing_answered()
        if failed > limit:
            what = f"{failed} of {self.told.asked} questions to {self.endpoint.told} failed"
            problem = f"{what}, more than the limit of {limit}; the last: {self.ctx.failed_items[-1]}"
            raise TooManyFailedItems(problem, failed=failed, limit=limit)

    def _nothing_answered(self) -> ServiceError:
        first = self.ctx.failed_items[-self.told.failed]
        what = f"The vision endpoint {self.endpoint.told} answered none of {self.told.asked} question(s)"
        help = f"Check that the address, the model {self.inquiry.model!r} and the key are right"
        later = isinstance(first.error, NotAnswered) and first.error.transient
        return (ServiceUnreachable if later else ServiceError)(f"{what}; the first: {first}. {help}.")
