"""What a config may say, and most likely does not mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stages.core.datatype import list_types
from stages.core.suggest import nearest
from stages.plugins.config import MEDIA

_SECRET = re.compile(r"(^|_)(API|ACCESS|AUTH|PRIVATE)?(KEY|TOKEN|SECRET|PASSWORD|PASSWD)S?(_|$)", re.IGNORECASE)
_PLAIN = re.compile(r"|true|false|yes|no|[-+0-9.]+", re.IGNORECASE)


def doubts(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of each doubtful part of a config, as its file gives it, the dotted path and a warning. Shows no secret."""
    runtime_env = given.get("runtime_env")
    env_vars = runtime_env.get("env_vars") if isinstance(runtime_env, dict) else None
    yield from _secrets("env", given.get("env"))
    yield from _secrets("runtime_env.env_vars", env_vars)
    media = given.get("data_type")
    if isinstance(media, str) and media.strip() not in MEDIA:
        yield "data_type", _unknown_media(media.strip())
    if not given.get("actions"):
        yield (
            "actions",
            "names no action, so the plugin brings nothing; `stagewright plugin sync` adds those of the code",
        )


def _secrets(path: str, variables: Any) -> Iterator[tuple[str, str]]:
    for name, value in variables.items() if isinstance(variables, dict) else ():
        if _SECRET.search(name) and isinstance(value, str) and not _PLAIN.fullmatch(value):
            yield (
                f"{path}.{name}",
                f"{name!r} looks like a secret, which does not belong in a file: leave it out, name it in the "
                "action's `secrets`, and keep it in a Prefect Secret block or in the environment",
            )


def _unknown_media(found: str) -> str:
    if found in {kind.name for kind in list_types()}:
        return (
            f"{found!r} is a data type, not a kind of media: it belongs in an action's `input_type` or `output_type`; "
            f"here stands one of {', '.join(MEDIA)}"
        )
    close = nearest(found, MEDIA)
    hint = f"; did you mean {close!r}?" if close else "."
    return f"{found!r} is no kind of media that is known{hint} Known are: {', '.join(MEDIA)}"
