"""What workers of Ray print, shown here: the stage's lines as they are, and nothing of Ray's own.

Ray would print on standard output, in colours, a page about each worker that is lost; what there is to say of that is
said by us, once, where the stage's end is told.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ray._private import worker
from ray._private.ray_logging import global_worker_stdstream_dispatcher as dispatcher

_RAYS_OWN = "ray_print_logs"
"""The name of Ray's handler, by which it is removed when the connection ends."""


def show_prints() -> None:
    """From now on; to be called when this process has connected."""
    worker._worker_logs_enabled = False  # of what does not come by the dispatcher
    dispatcher.remove_handler(_RAYS_OWN)
    dispatcher.add_handler(_RAYS_OWN, _show)


def _show(data: Mapping[str, Any]) -> None:
    if data.get("pid") in ("raylet", "autoscaler", "gcs_server"):
        return
    name = data.get("task_name") or data.get("actor_name") or "ray"
    for line in data.get("lines", ()):
        if sys.stderr is not None and not str(line).startswith(":"):  # ":task_name:…", for Ray itself
            print(f"{name} | {line}", file=sys.stderr)
