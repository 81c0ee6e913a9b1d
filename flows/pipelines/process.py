"""`python -m flows.pipelines.process ORDER`: the process in which a submitted pipeline runs, as the flow that it is.

Everything else comes by the environment, as with `stagewright run`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from flows.connections import point_prefect_at
from flows.pipelines.ordered import Ordered
from flows.pipelines.started import note_error
from flows.settings import read_settings
from stages.core.discovery import load_stages


def main(order: Path) -> int:
    """Run what was ordered; the exit code."""
    try:
        _run(Ordered.from_bytes(order.read_bytes(), str(order)))
    except BaseException as error:  # noqa: BLE001 - whatever it was, who submitted the run is to hear of it
        note_error(order, error)
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def _run(ordered: Ordered) -> None:
    point_prefect_at(os.environ["PREFECT_API_URL"])
    load_stages(read_settings().stage_modules)
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    from flows.assemble import assemble

    flow = assemble(ordered.read_profile(), ordered.runner)
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):  # its end would wait a second for it
        flow(**ordered.inputs, job_id=ordered.run_id)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
