"""A server on loopback that speaks OpenAI's chat completions as far as `escalate` does, and misbehaves when told to."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREFIX = "data:image/jpeg;base64,"


@dataclass(frozen=True)
class Asked:
    """A request as it came: key, body, and the picture in it."""

    key: str
    body: dict[str, Any]
    jpeg: bytes


@dataclass
class VisionServer:
    """What it does, and what it was asked.

    mode   "ok", "429" (the first time that a picture is asked about), "500", "400", "malformed" (the model writes no
           JSON), "garbage" (no chat completion at all), "no-usage", "refuses", "echo" (an error that repeats the key),
           "slow" (longer than `slow_s`), "drips" (a byte at a time), or a function of the picture that gives one
    says   what the model answers for a picture; (tokens in, tokens out) are the usage of each answer
    """

    base: str = ""
    mode: str | Callable[[bytes], str] = "ok"
    says: Callable[[bytes], Any] = lambda jpeg: {"brand": "NORDVIK", "confidence": 0.9, "text": "NORDVIK"}
    tokens: tuple[int, int] = (1000, 50)
    retry_after: str = "0"
    slow_s: float = 2.0
    asked: list[Asked] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def times(self) -> Counter[bytes]:
        """How often it was asked about each picture."""
        return Counter(asked.jpeg for asked in self.asked)

    def answer(self, path: str, headers: Any, raw: bytes) -> tuple[int, Any]:
        """Status and body for a request; a request that keeps not to the format gets 400."""
        try:
            asked = self._understood(path, headers, raw)
        except (KeyError, ValueError, TypeError, AssertionError) as error:
            return 400, {"error": {"message": f"bad request: {error!r}", "type": "invalid_request_error"}}
        with self._lock:
            self.asked.append(asked)
            first = self.times()[asked.jpeg] == 1
        mode = self.mode(asked.jpeg) if callable(self.mode) else self.mode
        match mode:
            case "429" if first:
                return 429, {"error": {"message": "Rate limit reached", "type": "requests"}}
            case "500" | "400":
                return int(mode), {"error": {"message": f"the server says {mode}"}}
            case "echo":
                return 400, {"error": {"message": f"what is {asked.key}?"}}
            case "refuses":
                return 401, {"error": {"message": f"Incorrect API key provided: {asked.key}"}}
            case "garbage":
                return 200, "<html>hello</html>"
            case "slow":
                time.sleep(self.slow_s)
        return 200, self._completion(asked, mode)

    def _understood(self, path: str, headers: Any, raw: bytes) -> Asked:
        body = json.loads(raw)
        assert path == "/v1/chat/completions", path
        assert headers["Content-Type"] == "application/json", headers["Content-Type"]
        assert isinstance(body["model"], str), "model"
        system, user = body["messages"]
        assert system["role"] == "system", system
        assert isinstance(system["content"], str), system
        [part] = user["content"]
        assert (user["role"], part["type"]) == ("user", "image_url"), user
        url = part["image_url"]["url"]
        assert url.startswith(PREFIX), url[:40]
        key = (headers["Authorization"] or "").removeprefix("Bearer ")
        return Asked(key, body, base64.b64decode(url.removeprefix(PREFIX), validate=True))

    def _completion(self, asked: Asked, mode: str) -> dict[str, Any]:
        content = "I see a board." if mode == "malformed" else json.dumps(self.says(asked.jpeg))
        told = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": asked.body["model"],
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"},
            ],
        }
        sent, got = self.tokens
        usage = {"prompt_tokens": sent, "completion_tokens": got, "total_tokens": sent + got}
        return told if mode == "no-usage" else {**told, "usage": usage}

    @contextmanager
    def counted(self) -> Iterator[None]:
        """How many requests are under way at once."""
        with self._lock:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            yield
        finally:
            with self._lock:
                self.under_way -= 1


@contextmanager
def vision_server() -> Iterator[VisionServer]:
    """One that runs, on a free port of loopback."""
    told = VisionServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            with told.counted():
                status, body = told.answer(self.path, self.headers, raw)
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            try:
                self._send(status, data)
            except OSError:  # who asked has gone
                self.close_connection = True

        def _send(self, status: int, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if status in (429, 500) and told.retry_after:
                self.send_header("Retry-After", told.retry_after)
            self.end_headers()
            step = 1 if told.mode == "drips" else len(data)
            for begin in range(0, len(data), max(1, step)):
                self.wfile.write(data[begin : begin + step])
                if step == 1:
                    time.sleep(0.05)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.base = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
