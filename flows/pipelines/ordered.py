"""What is ordered when a pipeline is submitted: all that another process needs to run it, and to tell of it.

It lies in `jobs/<run id>/pipeline.json` in the store, where every process finds it, and on the machine that runs it in
`$STAGEWRIGHT_HOME/pipelines/<run id>/`, beside the log of the process. No part of the environment is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from flows.jobs.job import check_job_id
from flows.jobs.publish import job_key
from flows.load import parse_profile
from flows.profiles.model import Profile
from stages.core.errors import CheckpointError, ObjectMissing, UsageError
from stages.core.objects import ObjectStore

FORMAT = 1


@dataclass(frozen=True)
class Ordered:
    """A run that was submitted. `profile` is its YAML; `modules` are to be imported for its actions, and `plugins` are
    folders of its plugins, which processes that know them by the environment need not be told again."""

    run_id: str
    profile: str
    inputs: Mapping[str, str]
    runner: str
    modules: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    format: int = FORMAT

    def read_profile(self) -> Profile:
        """The profile that runs."""
        return parse_profile(self.profile, f"{self.run_id}.yaml")

    def to_bytes(self) -> bytes:
        """As it is stored."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False).encode()

    @staticmethod
    def from_bytes(data: bytes, where: str) -> Ordered:
        """Raises CheckpointError for what was not written by `to_bytes`."""
        try:
            told = json.loads(data)
            found = Ordered(**told | {key: tuple(told[key]) for key in ("modules", "plugins")})
        except (ValueError, TypeError, KeyError) as error:
            raise CheckpointError(f"{where} tells of no pipeline ({type(error).__name__}: {error}).") from error
        if found.format != FORMAT:
            raise CheckpointError(f"{where} has format {found.format}; this Stagewright knows {FORMAT}.")
        return found


def keep(ordered: Ordered, store: ObjectStore) -> None:
    """Put it where every process finds it."""
    store.put(_key(ordered.run_id), ordered.to_bytes(), "application/json")


def find(run_id: str, store: ObjectStore) -> Ordered:
    """What was submitted under that id. Raises UsageError where nothing was."""
    try:
        return Ordered.from_bytes(store.get(_key(run_id)), _key(run_id))
    except ObjectMissing:
        known = f"no pipeline was submitted as {run_id!r} to the store {store.address.url}"
        raise UsageError(f"There is no such run: {known}. Check the id, and the store.", job_id=run_id) from None


def _key(run_id: str) -> str:
    return job_key(check_job_id(run_id), "pipeline.json")
