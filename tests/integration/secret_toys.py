"""Stages that tell whether they were given a secret: its digest, and never the secret itself."""

from __future__ import annotations

import hashlib

from stages import RuntimeContext, stage

VARIABLE = "STAGEWRIGHT_VISION_KEY"


def digest(secret: str) -> str:
    """What stands for a secret that is not to be shown."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _seen(ctx: RuntimeContext) -> str:
    return digest(str(ctx.env[VARIABLE])) if VARIABLE in ctx.env else "none"


@stage(writes=("given",), category="toys", secrets=(VARIABLE,), pure=False)
def toy_secret(ctx: RuntimeContext) -> str:
    """It declares the secret."""
    return _seen(ctx)


@stage(writes=("not_given",), category="toys", pure=False)
def toy_no_secret(given: str, ctx: RuntimeContext) -> str:
    """It does not."""
    return _seen(ctx)
