"""The folder in which local services live: what lies where, and how it is written.

    $STAGEWRIGHT_HOME/
      services.json     addresses and processes (flows.connections reads the addresses)
      up.lock           held while services are started or stopped
      store/            SeaweedFS: secrets.json, s3.json, data/, sock/
      prefect/          Prefect's home, with its SQLite database
      ray/              token, and t/: sockets and logs of this start and of the one before
      worker/           where the worker's runs begin
      logs/             store.log, prefect.log, ray.log, worker.log; of each the start before as well

The home is for its owner only (0700), and so is every file that holds a secret (0600). Jobs keep cache/, jobs/ and
running/ beside these.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from stages.core.errors import ServiceUnreachable, UsageError

Say = Callable[[str], None]

PATIENCE = 180  # seconds to wait for another `up`: longer than the slowest start
SOCKET_LIMIT = 103  # bytes of a socket's path; what macOS allows, Linux 107


@dataclass(frozen=True)
class Home:
    """The places below `$STAGEWRIGHT_HOME`."""

    root: Path

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def prefect(self) -> Path:
        return self.root / "prefect"

    @property
    def ray(self) -> Path:
        return self.root / "ray"

    @property
    def worker(self) -> Path:
        return self.root / "worker"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def log(self, service: str) -> Path:
        """The file that holds what a service printed since its last start."""
        return self.logs / f"{service}.log"

    def prepare(self) -> None:
        """Make the folders. Raises UsageError where that cannot be."""
        with self.usable():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)  # one that is there keeps the mode its owner chose
            for folder in (self.store, self.prefect, self.ray, self.worker, self.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
                folder.chmod(0o700)

    @contextmanager
    def locked(self, say: Say) -> Iterator[None]:
        """Keep other processes from starting or stopping services of this home meanwhile."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.root / "up.lock", mode=0o600)
        with self.usable():
            try:
                lock.acquire(timeout=0)
            except Timeout:
                say("Another process is starting or stopping the local services; waiting for it…")
                self._acquire_later(lock.acquire)
        try:
            yield
        finally:
            lock.release()

    def _acquire_later(self, acquire: Callable[..., object]) -> None:
        from filelock import Timeout

        try:
            acquire(timeout=PATIENCE)
        except Timeout:
            raise ServiceUnreachable(
                f"Another process has held {self.root / 'up.lock'} for more than {PATIENCE} s. "
                "If no `stagewright` is starting or stopping services, end the process that holds it and try again.",
                file=str(self.root / "up.lock"),
            ) from None

    @contextmanager
    def usable(self) -> Iterator[None]:
        """What the system refuses in here, as a UsageError that says what to set."""
        try:
            yield
        except OSError as error:
            raise UsageError(
                f"STAGEWRIGHT_HOME, {self.root}, cannot hold the local services: {error}. "
                "Set STAGEWRIGHT_HOME to a folder that you can write to.",
                field="STAGEWRIGHT_HOME",
            ) from error


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read. Readers see the old content or the new, never half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def folder_for_sockets(folder: Path, longest: str) -> Path:
    """`folder`, or one of ours elsewhere where a socket that is named `longest` below it would have too long a path.

    Raises ServiceUnreachable where others may enter it.
    """
    mark = sha256(os.fsencode(folder)).hexdigest()[:12]
    bases = (tempfile.gettempdir(), "/tmp")  # noqa: S108 - the shortest there is; that it is ours alone is checked below
    elsewhere = [Path(base) / f"stagewright-{mark}" for base in bases]
    fitting = [place for place in (folder, *elsewhere) if len(os.fsencode(place / longest)) <= SOCKET_LIMIT]
    chosen = (fitting or elsewhere)[0]
    chosen.mkdir(mode=0o700, exist_ok=True)
    found = chosen.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ServiceUnreachable(
            f"{chosen}, wanted for sockets, is not a folder that only you can enter. Remove it, or set TMPDIR, or "
            "set STAGEWRIGHT_HOME to a shorter path.",
            file=str(chosen),
        )
    return chosen
