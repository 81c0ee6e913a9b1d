"""The eight stages in a line, as stages."""

from __future__ import annotations

from typing import Any

from bench.overhead_work import COUNT, payload, table
from stages import DetectState, StageConfigField, StageDefinition, StageIO, register_stage


def _definition(stage: int) -> StageDefinition:
    reads = [f"bytes_{stage - 1}", f"table_{stage - 1}"] if stage else []

    def run(state: DetectState) -> dict[str, Any]:
        before = state[f"bytes_{stage - 1}"] if stage else b""
        seed = state.config.seed
        return {f"bytes_{stage}": payload(stage, seed, before), f"table_{stage}": table(stage, seed)}

    return StageDefinition(
        name=f"overhead_{stage}",
        label=f"Overhead {stage}",
        description="Writes 1 MB and 10 kB.",
        io=StageIO(reads, [f"bytes_{stage}", f"table_{stage}"]),
        config_fields=[StageConfigField("seed", "int", 0)],
        category="bench",
        fn=run,
    )


for _stage in range(COUNT):
    register_stage(_definition(_stage))
