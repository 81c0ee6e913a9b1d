"""Stages that tell whether they were given a secret: its digest, and never the secret itself."""

from __future__ import annotations

import hashlib

from stages import RuntimeContext, stage

VARIABLE = "STAGEWRIGHT_VISION_KEY"


def _seen(ctx: RuntimeContext) -> str:
    return hashlib.sha256(str(ctx.env[VARIABLE]).encode()).hexdigest() if VARIABLE in ctx.env else "none"


@stage(writes=("given",), category="toys", secrets=(VARIABLE,), pure=False)
def toy_secret(ctx: RuntimeContext) -> str:
    """It declares the secret."""
    return _seen(ctx)


@stage(writes=("not_given",), category="toys", pure=False)
def toy_no_secret(given: str, ctx: RuntimeContext) -> str:
    """It does not."""
    return _seen(ctx)
