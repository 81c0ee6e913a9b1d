"""One run of a profile on its inputs: what its stages share, and what is left of it in the store."""

from __future__ import annotations

import os
import re
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flows.graph.plan import Plan
from flows.jobs.board import Board
from flows.places.here import Here
from flows.places.place import Place, Surroundings
from flows.settings import Settings
from stages.core.blobs import BlobStore
from stages.core.checkpoints import Checkpoints
from stages.core.errors import InputError, UsageError
from stages.core.results import ValueHandle
from stages.core.values import encode_value

JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass
class Job:
    """What all stages of one run share."""

    plan: Plan
    job_id: str
    settings: Settings
    blobs: BlobStore
    addresses: Mapping[str, str]
    inputs: Mapping[str, ValueHandle]
    board: Board
    checkpoints: Checkpoints
    place: Place
    stopped: threading.Event
    label: str = ""
    started: str = field(default_factory=lambda: now())
    cancelled: bool = False

    def stop(self) -> None:
        """End what runs, and begin nothing more."""
        self.stopped.set()
        self.place.stop()

    @property
    def folder(self) -> Path:
        """Where the job's files lie on this machine."""
        return self.settings.home / "jobs" / self.job_id

    def manifest(self, state: str, **more: Any) -> dict[str, Any]:
        """The job as `jobs/<job_id>/manifest.json` tells it."""
        return {
            "format": 1,
            "job_id": self.job_id,
            "label": self.label,
            "profile": self.plan.profile.name,
            "state": state,
            "started": self.started,
            "machine": socket.gethostname(),
            "stagewright": version("stagewright"),
            "flow_run_id": self.board.flow_run_id,
            "inputs": {k: {"uri": self.addresses[k], "digest": handle.digest} for k, handle in self.inputs.items()},
            "settings": {stage.id: stage.config.model_dump(mode="json") for stage in self.plan.stages},
            "stages": [status.to_json() for status in self.board.stages.values()],
            **more,
        }


def open_job(
    plan: Plan,
    job_id: str,
    addresses: Mapping[str, str],
    settings: Settings,
    blobs: BlobStore,
    place_for: Callable[[Surroundings], Place] = Here,
    label: str = "",
) -> Job:
    """Start a job. Raises InputError for what is missing among its inputs or cannot be read, UsageError for a stage
    that the place has no room for."""
    addresses = {key: absolute(at) if plan.inputs.get(key) and at else at for key, at in addresses.items()}
    stopped = threading.Event()
    around = Surroundings(check_job_id(job_id), blobs, dict(os.environ), stopped, settings.workers)
    place = place_for(around)
    place.check(plan.stages)
    return Job(
        plan=plan,
        job_id=job_id,
        settings=settings,
        blobs=blobs,
        addresses=addresses,
        inputs=_inputs(plan, addresses, blobs),
        board=Board(plan, job_id),
        checkpoints=Checkpoints(blobs),
        place=place,
        stopped=stopped,
        label=label,
    )


def new_job_id(profile: str) -> str:
    """`20261121-231500-brand-exposure-3fa2c1`: sorts by time, says what it is."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{profile}-{secrets.token_hex(3)}"


def check_job_id(job_id: str) -> str:
    """The id, if it can name a folder. Raises UsageError."""
    if not JOB_ID.fullmatch(job_id):
        rule = "letters, digits, '.', '_' and '-', at most 100 of them, the first a letter or digit"
        raise UsageError(f"The job id {job_id!r} cannot be used: it must be {rule}.", job_id=job_id)
    return job_id


def absolute(address: str) -> str:
    """An address that means the same wherever it is read: paths begin at the root."""
    return address if "://" in address else str(Path(address).resolve())


def now() -> str:
    """The time as manifests tell it: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _inputs(plan: Plan, addresses: Mapping[str, str], blobs: BlobStore) -> dict[str, ValueHandle]:
    name = plan.profile.name
    if missing := [key for key in plan.inputs if not addresses.get(key)]:
        wanted = ", ".join(f"--input {key}=…" for key in missing)
        named = ", ".join(map(repr, missing))
        raise InputError(f"Profile {name!r} needs the input {named}: give {wanted}.", profile=name)
    made = {}
    for key, data_type in plan.inputs.items():
        value = addresses[key] if data_type is None else data_type.from_address(addresses[key])
        made[key] = ValueHandle(encode_value(value, data_type, blobs))
    return made
