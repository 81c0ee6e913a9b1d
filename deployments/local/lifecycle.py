"""`up` and `down`: start what settings do not name, and stop it again. Data stays."""

from __future__ import annotations

from dataclasses import replace

from deployments.local.home import Home, Say
from deployments.local.prefect_server import PrefectServer
from deployments.local.prefect_worker import PrefectWorker
from deployments.local.process import bound_log, end_session, find, stop
from deployments.local.ray_cluster import RayCluster
from deployments.local.records import read_record, write_record
from deployments.local.seaweedfs import SeaweedFS
from deployments.local.service import Service
from deployments.local.starting import forget, is_up, start_missing
from flows.command.output import say
from flows.connections import Connections, connections, outside_store
from flows.settings import Settings


def up(settings: Settings, say: Say = say, ray: bool = False, worker: bool = False) -> Connections:
    """Start the local services that are needed and do not run, and tell how to reach everything.

    What settings name is not started, nor tried; Ray and a worker are started for who asks for them. Where all runs
    this is a look at some processes and their ports. Raises ServiceUnreachable with the end of the log of what
    did not start, and UsageError where `$STAGEWRIGHT_HOME` cannot be used or Ray is not installed.
    """
    start(settings, say, ("store", "prefect", "ray") if ray else ("store", "prefect"))
    if worker:  # once there is a server for it
        start(settings, say, ("worker",))
    return connections(settings)


def start(settings: Settings, say: Say, names: tuple[str, ...]) -> None:
    """Start those of the named services that settings leave to this machine and that do not run. Raises as `up`."""
    services = local_services(settings)
    needed = [service for service in services if service.name in names]
    if all(is_up(service, read_record(settings, service.name)) for service in needed):
        for service in needed:
            bound_log(Home(settings.home).log(service.name))
    else:
        start_missing(settings, services, needed, say)


def down(settings: Settings, say: Say = say) -> list[str]:
    """Stop every service that was started here, whatever settings name now; the names of those that ran."""
    home = Home(settings.home)
    if not home.root.is_dir():
        return []
    with home.locked(say), home.usable():
        kept = [(service, read_record(settings, service.name)) for service in _all(settings)]
        running = [(service, record) for service, record in kept if record and find(record.process)]
        if running:
            say(f"Stopping: {', '.join(service.label for service, _ in running)}…")
        for service, record in kept:
            if record:  # first the addresses, so that nobody takes a server that is about to end
                write_record(settings, service.name, replace(record, address=None))
        # the worker first: it tells the server what becomes of its runs
        for last in (False, True):
            stop([found.process for service, found in running if found.process and (service.name != "worker") == last])
        for service, record in kept:
            if record and record.process:
                end_session(record.process, home.root)
            if record:
                forget(settings, service, record.port)
    return [service.name for service, _ in running]


def local_services(settings: Settings) -> list[Service]:
    """The services that settings leave to this machine."""
    home, services = Home(settings.home), list[Service]()
    if outside_store(settings) is None:
        services.append(SeaweedFS(home))
    if settings.prefect_api_url is None or _own_server(settings):
        services.append(PrefectServer(home))
    return [*services, RayCluster(home), PrefectWorker(home, settings)]


def _all(settings: Settings) -> list[Service]:
    home = Home(settings.home)
    return [SeaweedFS(home), PrefectServer(home), RayCluster(home), PrefectWorker(home, settings)]


def _own_server(settings: Settings) -> bool:
    """Whether PREFECT_API_URL names the server of this home, as it does after the line that `up` prints."""
    server = PrefectServer(Home(settings.home))
    record = read_record(settings, server.name)
    return record is not None and settings.prefect_api_url == server.place(record.port)
