"""An endpoint that speaks OpenAI's chat completions: one request, its retries, and what came back.

Wire format: https://platform.openai.com/docs/api-reference/chat (also spoken by vLLM, Ollama, llama.cpp and others).
The key is sent in one header. It is in no setting, and is taken out of all that the endpoint says before that is used.
"""

from __future__ import annotations

import ipaddress
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from stages.core.errors import ServiceError, UsageError

if TYPE_CHECKING:
    import httpx

VARIABLE, OF_OPENAI = "STAGEWRIGHT_VISION_KEY", "OPENAI_API_KEY"
"""Where the key is looked for, the first that is set; OpenAI's own is sent to OpenAI alone."""

OPENAI = "api.openai.com"

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
"""Seconds before the first retry, doubled for each further one; an endpoint that asks for more than the longest is not
waited for."""

MOST_BYTES = 1 << 20
"""An answer longer than this is none."""

SHOWN = 200
"""Characters of what the endpoint says that are passed on in a message."""


class NotAnswered(Exception):
    """A request stayed without an answer. `transient`: it may go better later."""

    def __init__(self, message: str, transient: bool = False, after_s: float | None = None) -> None:
        super().__init__(message)
        self.transient, self.after_s = transient, after_s


@dataclass(frozen=True)
class Key:
    """A key, and the variable that it came from."""

    variable: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Reply:
    """What the model wrote, and the tokens that were paid for it; None where the endpoint does not tell."""

    content: str
    tokens_in: int | None
    tokens_out: int | None


@dataclass(frozen=True)
class Wishes:
    """How requests are made. timeout: seconds that one may take; retries: further attempts after the first; body: what
    each says beside the messages."""

    timeout: float
    retries: int
    body: Mapping[str, Any]


def is_loopback(endpoint: str) -> bool:
    """Whether the endpoint is on this machine, where it is reached directly and may do without a key."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def key_for(endpoint: str, env: Mapping[str, Any]) -> Key | None:
    """The key that the stage's environment holds; none for a loopback endpoint without one. Raises UsageError."""
    variables = (VARIABLE, OF_OPENAI) if urlsplit(endpoint).hostname == OPENAI else (VARIABLE,)
    for variable in variables:
        if secret := str(env.get(variable) or "").strip():
            if not (secret.isascii() and secret.isprintable()) or " " in secret:
                raise UsageError(f"{variable} holds no key: there are characters in it that no header can carry.")
            return Key(variable, secret)
    if is_loopback(endpoint):
        return None
    raise UsageError(
        f"The vision endpoint {endpoint} needs a key, and there is none: set {' or '.join(variables)}, or save it as "
        "the Prefect Secret block 'stagewright-vision-key'."
    )


class Endpoint:
    """A connection that is shared by threads. Use it in `with`."""

    def __init__(self, base: str, key: Key | None, wishes: Wishes) -> None:
        self.base, self._key, self._wishes = base, key, wishes
        self._ended = threading.Event()
        self._client = self._connect()

    @property
    def told(self) -> str:
        """The address, and where the key comes from."""
        return f"{self.base} (key: {self._key.variable if self._key else 'none'})"

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()  # who waits for a retry waits no longer
        self._client.close()

    def ask(self, messages: Sequence[Mapping[str, Any]]) -> Reply:
        """Send one question until it is answered. Raises NotAnswered, and ServiceError where the key is refused."""
        attempts = 0
        while True:
            try:
                return self._once(messages)
            except NotAnswered as error:
                attempts += 1
                wait = FIRST_WAIT_S * 2 ** (attempts - 1) if error.after_s is None else error.after_s
                if not error.transient or attempts > self._wishes.retries or wait > LONGEST_WAIT_S:
                    tried = f" ({attempts} attempts)" if attempts > 1 else ""
                    raise NotAnswered(f"{error}{tried}", error.transient) from None
                if self._ended.wait(wait):
                    raise NotAnswered("the job has ended", transient=True) from None

    def _once(self, messages: Sequence[Mapping[str, Any]]) -> Reply:
        import httpx

        try:
            status, after, text = self._send({**self._wishes.body, "messages": messages})
        except httpx.TransportError as error:
            kind = f"{type(error).__name__}: {error}".rstrip(": ")
            raise NotAnswered(self._clean(kind), transient=True) from None
        except httpx.HTTPError as error:
            raise NotAnswered(self._clean(str(error))) from None
        if status in (401, 403):
            raise self._refused(status)
        if status != 200:
            transient = status in (408, 429) or status >= 500
            raise NotAnswered(f"it answered {status}: {self._clean(_said(text))}", transient, _seconds(after))
        reply = _reply(text)
        return replace(reply, content=self._clean(reply.content))

    def _send(self, body: Mapping[str, Any]) -> tuple[int, str, str]:
        """Status, Retry-After and text of the answer. Time and size of the whole are bounded, not of each part only."""
        import httpx

        deadline, held = time.monotonic() + self._wishes.timeout, bytearray()
        with self._client.stream("POST", self.base.rstrip("/") + "/chat/completions", json=body) as answer:
            for part in answer.iter_bytes():
                held += part
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout(f"no whole answer within {self._wishes.timeout:g} s")
                if len(held) > MOST_BYTES:
                    raise NotAnswered(f"its answer is longer than {MOST_BYTES} bytes")
            return answer.status_code, answer.headers.get("retry-after", ""), self._clean(held.decode(errors="replace"))

    def _connect(self) -> httpx.Client:
        import httpx

        headers = {"Authorization": f"Bearer {self._key.secret}"} if self._key else {}
        try:  # proxies are for what is outside
            return httpx.Client(headers=headers, timeout=self._wishes.timeout, trust_env=not is_loopback(self.base))
        except (ImportError, ValueError, httpx.InvalidURL, OSError) as error:
            raise UsageError(
                f"No connection to {self.base} can be made with the proxies that are set: {error}"
            ) from None

    def _clean(self, text: str) -> str:
        """Without the key, should the endpoint repeat it."""
        return text.replace(self._key.secret, "…") if self._key else text

    def _refused(self, status: int) -> ServiceError:
        which = f"the key of {self._key.variable}" if self._key else "requests without a key"
        what = f"The vision endpoint {self.base} refuses {which} ({status})"
        return ServiceError(f"{what}. Set {VARIABLE} to a key that may use this model.", endpoint=self.base)


def _reply(text: str) -> Reply:
    """The answer of a chat completion; where it is none, all of it stands for what the model wrote."""
    told = _json(text)
    try:
        content = told["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        content = None
    usage = told.get("usage") if isinstance(told, dict) else None
    count = usage if isinstance(usage, dict) else {}
    content = content if isinstance(content, str) else text
    content = content.encode(errors="replace").decode()  # JSON can hold halves of characters, no store can
    return Reply(content, _tokens(count.get("prompt_tokens")), _tokens(count.get("completion_tokens")))


def _tokens(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 1 << 40 else None


def _said(text: str) -> str:
    """What an error's body says, shortened."""
    told = _json(text)
    error = told.get("error", told) if isinstance(told, dict) else told
    said = error.get("message", error) if isinstance(error, dict) else error
    return " ".join(str(text if said is None else said).split())[:SHOWN] or "nothing"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _seconds(after: str) -> float | None:
    """What Retry-After says: seconds, or a date; None where it says nothing."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    if after.strip().isdecimal():
        return float(after)
    try:
        return max(0.0, (parsedate_to_datetime(after).replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
