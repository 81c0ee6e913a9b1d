"""What runs in a replica of Ray Serve: a model that answers HTTP with JSON."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from deployments.serving.answering import Answers, answers_of
from deployments.serving.plan import ReplicaPlan
from stages.core.errors import StagewrightError

MOST_BYTES = 64 << 20
"""Of one question."""


class Refusal(Exception):
    """A question that is not answered: status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status, self.reason = status, reason


class ModelReplica:
    """GET tells what is served, POST asks it. One question at a time: models take what the machine has."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._plan = ReplicaPlan(**{**plan, "path": tuple(plan["path"])})
        os.environ.update(self._plan.environment)
        sys.path.extend(folder for folder in self._plan.path if folder not in sys.path and os.path.isdir(folder))
        self._answers: Answers = answers_of(self._plan)
        self._turn = asyncio.Lock()

    async def __call__(self, request: Request) -> JSONResponse:
        """Answer; what goes wrong is told as {"error": …} with the status for it."""
        try:
            self._check_token(request)
            if request.method == "GET":
                return JSONResponse(self._told())
            if request.method != "POST":
                raise Refusal(405, f"{request.method} is not answered; GET tells what is served, POST asks it")
            asked = _parsed(await _body(request))
            async with self._turn:
                return JSONResponse(await asyncio.to_thread(_answered, self._answers.answer, asked))
        except Refusal as refused:
            return JSONResponse({"error": refused.reason}, refused.status)

    def _told(self) -> dict[str, Any]:
        about = {"name": self._plan.name, "revision": self._plan.revision, "status": "ready"}
        return about | {"model": self._plan.model["digest"], "asks": self._answers.form}

    def _check_token(self, request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        found = hashlib.sha256(given.encode()).hexdigest()
        if self._plan.token and not hmac.compare_digest(found, self._plan.token):
            raise Refusal(401, "send the token, as `Authorization: Bearer …`")


async def _body(request: Request) -> bytes:
    parts, size = list[bytes](), 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise Refusal(413, f"a question may have {MOST_BYTES:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except ValueError as error:  # of Unicode, too
        raise Refusal(400, f"the body is not JSON: {error}") from None
    if not isinstance(asked, dict):
        raise Refusal(400, f"the body is a {type(asked).__name__}; expected an object")
    return asked


def _answered(answer: Callable[[dict[str, Any]], dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
    try:
        found = answer(asked)
        json.dumps(found, allow_nan=False)
        return found
    except Refusal:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise Refusal(400, f"{type(error).__name__}: {error}") from error
    except StagewrightError as error:
        raise Refusal(500, str(error)) from error
    except Exception as error:
        logging.getLogger("ray.serve").exception("A question was not answered")
        raise Refusal(500, f"{type(error).__name__}: {error}") from error
