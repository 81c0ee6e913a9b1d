"""What is known of a batch and of each of its inputs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from flows.jobs.job import check_job_id
from stages.core.digests import digest_of

State = Literal["waiting", "running", "done", "kept", "failed"]
"""`kept`: done before, and nothing has changed since. `waiting`, when the batch has ended: it was stopped before."""

STATES: tuple[State, ...] = get_args(State)


@dataclass
class Item:
    """One input, and the job that ran on it. `seconds` that it took in the batch that ran it last."""

    input: str
    job_id: str
    state: State = "waiting"
    seconds: float = 0.0
    error: str | None = None
    page: str | None = None  # the first HTML page among the job's files, for the index

    @property
    def ended(self) -> bool:
        return self.state in ("done", "kept", "failed")


@dataclass
class Batch:
    """A profile on many inputs. `key` is the input that each item is one of, `shared` are the profile's others.
    `settings` and `enabled` are what was ordered; None: its manifest is older than that it tells them."""

    batch_id: str
    profile: str
    key: str
    shared: Mapping[str, str]
    items: list[Item]
    settings: Mapping[str, Mapping[str, Any]] | None = None
    enabled: Mapping[str, bool] | None = None
    label: str = ""
    state: str = "running"
    started: str = ""
    ended: str | None = None
    flow_run_id: str | None = None
    files: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many items there are, and how many of each state that any has."""
        states = Counter(item.state for item in self.items)
        return {"inputs": len(self.items), **{state: states[state] for state in STATES if states[state]}}

    def addresses(self, item: Item) -> dict[str, str]:
        """The inputs of the item's job."""
        return {**self.shared, self.key: item.input}

    def to_json(self) -> dict[str, Any]:
        """As the manifest and `--json` show it."""
        told = asdict(self)
        items = told.pop("items")
        return {"format": 1, **told, "counts": self.counts, "items": items}


def batch_id_of(profile: str, asked: object) -> str:
    """The same for the same profile and the same `asked`: what is asked for again goes on where it was."""
    return check_job_id(f"{_words(profile)[:80] or 'batch'}-{_short([profile, asked], 10)}")


def job_id_of(batch_id: str, address: str) -> str:
    """The job's id: the input's name without its folders, and what tells it from others and from other batches."""
    name = _words(address.rstrip("/").rpartition("/")[2])[-80:].lstrip("._-")
    digest = _short([batch_id, address], 12)
    return check_job_id(f"{name}-{digest}" if name else digest)


def sentence(batch: Batch) -> str:
    """`200 inputs: 198 done, 2 failed`."""
    counts = batch.counts
    total = counts.pop("inputs")
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"{total} {'input' if total == 1 else 'inputs'}: {told or 'nothing to do'}"


def _words(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("._-")


def _short(value: object, length: int) -> str:
    """Of any text: names of files need not be UTF-8."""
    return digest_of(json.dumps(value, sort_keys=True).encode()).removeprefix("sha256:")[:length]
