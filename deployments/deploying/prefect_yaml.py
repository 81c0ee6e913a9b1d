"""`prefect.yaml` at the root, by which `prefect deploy --all` does from a clone what `stagewright deploy` does."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from deployments.deploying.wanted import Json, Wanted, rhythm_json
from deployments.local.prefect_worker import POOL

_HEAD = """\
# Made from the `deploy:` of the shipped profiles; change it there, and then
# `stagewright deploy --prefect-yaml > prefect.yaml`.
#
#     stagewright up --worker         # server, store, and a worker for the work pool
#     prefect deploy --all
"""


def prefect_yaml(wanted: Sequence[Wanted]) -> str:
    """The whole file."""
    document = {
        "name": "stagewright",
        # where `prefect deploy` was called: there the runs begin
        "build": [
            {"prefect.deployments.steps.run_shell_script": {"id": "clone", "script": "pwd", "stream_output": False}}
        ],
        "push": [],
        "pull": [{"prefect.deployments.steps.set_working_directory": {"directory": "{{ clone.stdout }}"}}],
        "deployments": [_deployment(one) for one in wanted],
    }
    return _HEAD + yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)


def _deployment(one: Wanted) -> Json:
    told: Json = {
        "name": one.name,
        "entrypoint": one.entrypoint,
        "description": one.description,
        "tags": list(one.tags),
        "concurrency_limit": {"limit": one.limit, "collision_strategy": one.collision},
    }
    if one.parameters:
        told["parameters"] = one.parameters
    if one.schedule:
        own = one.schedule
        told["schedules"] = [{"slug": own.name, "active": own.active, **rhythm_json(own.rhythm)}]
    return told | {"work_pool": {"name": POOL, "job_variables": one.job_variables}}
