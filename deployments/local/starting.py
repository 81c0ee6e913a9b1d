"""Starting services: the port, the process, the wait until a real request is answered."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from deployments.local.home import Home, Say
from deployments.local.ports import accepts, all_free, choose
from deployments.local.process import Process, end_session, find, launch, log_tail, stop
from deployments.local.records import Record, read_record, write_record
from deployments.local.service import Service
from flows.settings import Settings
from stages.core.errors import ServiceUnreachable


@dataclass(frozen=True)
class _Starting:
    """A service that has a process and is not known to be ready."""

    service: Service
    port: int
    process: Process
    until: float  # on the monotonic clock


def is_up(service: Service, record: Record | None) -> bool:
    """Whether a service was ready, its process still takes connections, and its versions are the installed ones.

    Raises UsageError where it is not installed.
    """
    versions = service.versions()
    ready = record and record.address and find(record.process) and accepts(record.port)
    return bool(ready and record and record.versions == versions)


def start_missing(settings: Settings, services: Sequence[Service], needed: Sequence[Service], say: Say) -> None:
    """Start those that are needed and not up, side by side, and return when all are ready.

    `services` are all there are: the ports of the others are left to them.

    Raises ServiceUnreachable with the end of the log of what did not start; that is stopped again.
    """
    home = Home(settings.home)
    home.prepare()
    with home.locked(say), home.usable():
        # asked again: another process may have started them while this one waited
        missing = [service for service in needed if not is_up(service, read_record(settings, service.name))]
        pending: list[_Starting] = []
        try:
            for service in missing:  # all at once; then they get ready side by side
                starting = _launch(settings, service, _promised(settings, services, service), say)
                pending.append(starting)  # before its record is written: what fails from here on ends it
                record = Record(starting.port, starting.process, versions=service.versions())
                write_record(settings, service.name, record)
            while pending:
                _wait(settings, pending[0])
                pending.pop(0)
        except BaseException:  # Ctrl-C too: a service that is not ready is of no use to the next `up`
            _give_up(settings, pending)
            raise


def _promised(settings: Settings, services: Sequence[Service], to_others_than: Service) -> set[int]:
    """Ports that the other services have, or will have as soon as they listen."""
    others = [(service, read_record(settings, service.name)) for service in services if service is not to_others_than]
    return {record.port + offset for service, record in others if record for offset in service.offsets}


def _launch(settings: Settings, service: Service, promised: set[int], say: Say) -> _Starting:
    record, home = read_record(settings, service.name), Home(settings.home)
    _clear(settings, service, record, say)
    port = _port(settings, service, record, promised, say)
    say(service.greet(port))
    command = service.command(port)
    try:
        process = launch(command, home.log(service.name))
    except OSError as error:
        raise ServiceUnreachable(f"The {service.label} cannot be run: {command.args[0]}: {error}.") from error
    return _Starting(service, port, process, time.monotonic() + service.patience)


def _clear(settings: Settings, service: Service, record: Record | None, say: Say) -> None:
    """End what is left of the start before, so that its port is free."""
    if record is None or record.process is None:
        return
    if find(record.process):
        others = {name: was for name, was in record.versions.items() if service.versions().get(name) != was}
        others |= {"environment": "of another kind"} if "environment" in others else {}  # it is a digest
        told = " and ".join(f"{name} {was}" for name, was in others.items())
        why = f"was started with {told}" if told else "cannot be used"
        say(f"The {service.label} (process {record.process.pid}) runs but {why}; stopping it…")
        stop([record.process])
    end_session(record.process, settings.home)
    forget(settings, service, record.port)


def _port(settings: Settings, service: Service, record: Record | None, promised: set[int], say: Say) -> int:
    """The remembered port if it is still free, else another."""
    if record is None:
        return choose(service.offsets, promised)
    if all_free(record.port, service.offsets):
        return record.port
    if service.name == "prefect" and settings.prefect_api_url:
        raise ServiceUnreachable(
            f"PREFECT_API_URL is {settings.prefect_api_url}, the address of the local Prefect server, but another "
            f"program listens at port {record.port} now. Stop that program, or unset PREFECT_API_URL to let the server "
            "move.",
            field="PREFECT_API_URL",
        )
    port = choose(service.offsets, promised)
    say(f"Another program has taken port {record.port} or one near it; the {service.label} moves to {port}.")
    return port


def _wait(settings: Settings, starting: _Starting) -> None:
    """Return when the service answered a real request; its address is known from then on."""
    service, port = starting.service, starting.port
    while True:
        fault = service.make_ready(port)
        if find(starting.process) is None:  # then whoever answered was somebody else
            raise _failed(settings, service, "ended while it started")
        if fault is None:
            break
        if time.monotonic() > starting.until:
            raise _failed(settings, service, f"was not ready after {service.patience:g} s: {fault}")
        time.sleep(0.05)
    record = Record(port, starting.process, service.address(port), service.versions())
    write_record(settings, service.name, record)


def _failed(settings: Settings, service: Service, how: str) -> ServiceUnreachable:
    log = Home(settings.home).log(service.name)
    return ServiceUnreachable(
        f"The {service.label} {how}. The end of its log, {log}:\n{log_tail(log)}", service=service.name, log=str(log)
    )


def _give_up(settings: Settings, pending: Sequence[_Starting]) -> None:
    stop([starting.process for starting in pending])
    for starting in pending:
        end_session(starting.process, settings.home)
        with suppress(OSError):  # a disk that is full, say: a record of a process that is gone does no harm
            forget(settings, starting.service, starting.port)


def forget(settings: Settings, service: Service, port: int) -> None:
    """After a stop: remove what the service left behind. Only the port is remembered."""
    for file in service.leftovers(port):
        with suppress(OSError):  # somebody else's, perhaps
            file.unlink()
    write_record(settings, service.name, Record(port))
