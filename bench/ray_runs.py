"""Runs within this process: the flow of a profile's text, and a stage that is to be carried out."""

from __future__ import annotations

import logging
from typing import Any

from flows.assemble import JobFlow, assemble
from flows.graph.planning import plan_profile
from flows.load import parse_profile
from flows.places.place import Assignment
from stages.core.blobs import BlobStore
from stages.core.context import Silence
from stages.core.discovery import load_stages
from stages.core.execute import StageCall
from stages.core.results import ValueHandle
from stages.core.stage_version import stage_version
from stages.core.values import encode_value


def flow_of(profile: str, runner: str) -> JobFlow:
    """The flow of a profile that is given as text."""
    load_stages()
    return assemble(parse_profile(profile, "profile.yaml"), runner)


def assignment(blobs: BlobStore, logger: logging.Logger) -> Assignment:
    """`bench_next`, with something to read."""
    load_stages()
    profile = "name: two\nstages:\n  - bench_begin\n  - bench_next\n"
    planned = plan_profile(parse_profile(profile, "profile.yaml")).stages[1]
    call = StageCall(planned.definition, planned.config, stage_version(planned.definition), "bench_next/none.json")
    reads: dict[str, Any] = {"token": ValueHandle(encode_value(1, None, blobs))}
    return Assignment(planned, call, reads, logger, Silence())
