"""Where each setting in use comes from, services included: what `status` adds to what the environment says."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http.client import HTTPException
from urllib.parse import urlsplit

from deployments.local.inspection import PATIENCE, ServiceStatus, within_patience
from flows.connections import known_server, outside_store
from flows.places.names import check_runner
from flows.prefect_profile import named_by_profile
from flows.secret_blocks import block_name, read_block
from flows.settings import SECRETS, Settings, is_loopback, read_settings, shown, variable, without_password
from flows.settings_sources import DEFAULT, ENVIRONMENT, MASK, Sourced, sourced_settings, unknown_variables
from stages.core.errors import StagewrightError, UsageError

_STORE_KEYS = (variable("s3_access_key"), variable("s3_secret_key"))

_CALLED = {
    "env": "AWS environment",
    "shared-credentials-file": "AWS profile",
    "config-file": "AWS profile",
    "sso": "AWS profile",
    "login": "AWS profile",
    "custom-process": "AWS profile",
    "assume-role": "AWS role",
    "assume-role-with-web-identity": "AWS role",
    "iam-role": "AWS role",
    "container-role": "AWS role",
}
"""What people call the methods by which botocore finds keys."""


@dataclass(frozen=True)
class _Way:
    """How the AWS ways give keys; neither where they give none."""

    origin: str | None = None
    fault: str | None = None


_NOTHING = _Way()


def usable_settings() -> Settings:
    """The settings. Raises UsageError that names what cannot be used; a word that names no runner too, which only what
    runs stages refuses otherwise."""
    settings = read_settings()
    if fault := _runner_fault(settings.runner):
        raise UsageError(f"Settings that cannot be used:\n  {variable('runner')}: {fault}")
    return settings


def _runner_fault(runner: str) -> str | None:
    try:
        check_runner(runner)
    except UsageError as error:
        return str(error).replace(runner, str(shown(runner)))
    if runner.startswith("ray://"):
        return "The Ray Client (ray://) cannot run stages. Name the head as HOST:PORT."
    return None


def all_settings(settings: Settings | None = None, services: Sequence[ServiceStatus] = ()) -> list[Sourced]:
    """Every setting and where it comes from, then PREFECT_API_URL, then variables of our prefix that are no setting.

    A Prefect server among `services` that answered is asked for Secret blocks. Without `settings`, some of which cannot
    be used then, nobody is asked. Raises nothing.
    """
    rows = sourced_settings({"runner": _runner_fault})
    if settings is not None:
        server, wanted = _answering(settings, services), _not_given(settings)
        aws = within_patience(_of_aws, late=_NOTHING) if {*_STORE_KEYS} <= wanted else _NOTHING
        rows = [_looked_up(row, server, aws) if row.name in wanted else row for row in rows]
        rows = [_endpoint(row, settings) if row.name == variable("s3_endpoint") else row for row in rows]
        rows.append(_prefect_api_url(settings))
    return [*rows, *unknown_variables()]


def _answering(settings: Settings, services: Sequence[ServiceStatus]) -> str | None:
    """The Prefect server, if it can be asked for blocks."""
    answers = any(found.name == "prefect" and found.state in ("running", "outside") for found in services)
    return known_server(settings) if answers else None


def _not_given(settings: Settings) -> set[str]:
    """The secrets that the environment does not give; keys of a store only where that is outside."""
    lacking = {variable(field) for field in SECRETS if getattr(settings, field) is None}
    return lacking if outside_store(settings) else lacking - {*_STORE_KEYS}


def _endpoint(row: Sourced, settings: Settings) -> Sourced:
    """The outside store's endpoint, which AWS variables may name."""
    store = outside_store(settings)
    if row.value is not None or store is None or store.endpoint is None:
        return row
    name = next(name for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL") if os.environ.get(name))
    return replace(row, value=without_password(store.endpoint), origin=name)


def _looked_up(row: Sourced, server: str | None, aws: _Way) -> Sourced:
    """A secret where it would be found, in the order in which it would be looked for."""
    if aws != _NOTHING and row.name in _STORE_KEYS:
        return replace(row, value=MASK if aws.origin else None, origin=aws.origin or DEFAULT, fault=aws.fault)
    try:
        saved = server is not None and _is_saved(row.name, server)
    except StagewrightError as error:
        return replace(row, fault=str(error))
    return replace(row, value=MASK, origin=f"Prefect Secret block {block_name(row.name)}") if saved else row


def _is_saved(name: str, server: str) -> bool:
    """Whether there is a block for the variable. By hand, as Prefect takes a second to import; a server that wants to
    know who asks is asked by Prefect's client, which has the keys."""
    url = f"{without_password(server).rstrip('/')}/block_types/slug/secret/block_documents/name/{block_name(name)}"
    local = is_loopback(urlsplit(server).hostname)
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if local else []))
    try:
        opener.open(url, timeout=PATIENCE).close()
    except urllib.error.HTTPError as error:
        return False if error.code == 404 else read_block(name, server) is not None
    except (OSError, HTTPException, ValueError):
        return read_block(name, server) is not None
    return True


def _of_aws() -> _Way:
    """The way by which botocore finds keys, as people call it."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    session = Session()
    try:
        found = session.get_credentials()
    except BotoCoreError as error:
        return _Way(fault=f"The AWS settings cannot be used: {error}")
    if found is None:
        return _NOTHING
    way = _CALLED.get(found.method, "AWS")
    named = f" {session.profile or 'default'}" if way == "AWS profile" else ""
    return _Way(f"{way}{named} ({found.method})")


def _prefect_api_url(settings: Settings) -> Sourced:
    """The server that commands use, and what Prefect's own profile says where that is another."""
    named, used = named_by_profile(), known_server(settings)
    origin = ENVIRONMENT if settings.prefect_api_url else "local (services.json)" if used else DEFAULT
    if named and not settings.prefect_api_url and named.api_url != used:
        mine = f"{origin}; " if used else ""
        which = f" names {without_password(named.api_url)}" if used else ""
        origin = (
            f"{mine}Prefect profile {named.profile}{which} (for flows.catalog and `prefect`, not for `stagewright`)"
        )
        used = used or named.api_url
    return Sourced("PREFECT_API_URL", without_password(used) if used else None, origin)
