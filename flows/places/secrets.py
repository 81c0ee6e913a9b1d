"""The secrets of a stage: what it declares and nobody else is given, by `ctx.env`."""

from __future__ import annotations

from collections.abc import Mapping

from flows.connections import known_server
from flows.secret_blocks import read_block
from flows.settings import read_settings
from stages.core.definition import StageDefinition


def secrets_of(definition: StageDefinition, env: Mapping[str, str]) -> dict[str, str]:
    """What the stage's environment is to have of them: what `env` gives, else what Prefect Secret blocks hold.

    A secret that is nowhere is left out: the stage says whether it can do without. Raises ServiceUnreachable where
    Prefect's server cannot be asked.
    """
    if not definition.secrets:
        return {}
    server = known_server(read_settings())
    found = {name: env.get(name) or read_block(name, server) for name in definition.secrets}
    return {name: secret for name, secret in found.items() if secret}
