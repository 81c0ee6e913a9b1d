"""What the Prefect server refuses though it was checked before: told as its refusal, not as a fault in here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect.exceptions import PrefectHTTPStatusError

from stages.core.errors import UsageError

_REFUSALS = (400, 409, 422)  # as for runs: what was sent is not what it takes; other answers tell of the server itself
_WHERE = ("detail", "exception_detail", "msg")
_SHOWN = 500  # characters; it may send all that it was sent


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Raises UsageError that names `what` was refused, and why."""
    try:
        yield
    except PrefectHTTPStatusError as error:
        answer = error.response
        if answer.status_code not in _REFUSALS:
            raise
        problem = f"The Prefect server refuses the {what} ({answer.status_code}): {_reason(answer)[:_SHOWN]}"
        raise UsageError(
            f"{problem}\nWhat came before it is deployed, what comes after it is not. Mend it and deploy again."
        ) from error


def _reason(answer: httpx.Response) -> str:
    """The sentence in it: in `detail`, or in the first of the problems that its framework lists."""
    try:
        told = answer.json()
    except ValueError:
        return answer.text
    while isinstance(told, dict | list) and told:
        told = told[0] if isinstance(told, list) else next((told[key] for key in _WHERE if key in told), None)
    return str(told or answer.text)
