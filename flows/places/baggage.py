"""What a process elsewhere needs before it can do anything for a job: the job's environment, and where modules lie.

It goes as an argument of a Ray call, from memory to memory on Ray's own authenticated connections: no `runtime_env`, no
log and no list of Ray's dashboard shows it, and it never shows itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import stages.plugins.modules  # noqa: F401 - from then on a plugin's functions are found by their names
from flows.connections import known_server, open_blobs, outside_store
from flows.places.plugin_code import receive
from flows.settings import SECRETS, read_settings, variable
from stages.core.blobs import BlobRef, BlobStore
from stages.core.discovery import load_stages
from stages.core.store_address import with_keys
from stages.plugins.installed import VARIABLE, named_folders

_RAYS_OWN = ("RAY_", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")
"""What Ray sets for each of its processes, and nobody else may."""

_STORE = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION")

_SERVER = "PREFECT_API_URL"
"""What a stage's `ctx.client` needs; a server on loopback is refused where there are other machines."""

_KEYS = (*map(variable, SECRETS), "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING")

_lent: list[str] = []
"""The variables of this process that hold secrets of the stage that came last."""


@dataclass(frozen=True)
class Baggage:
    """`environment` is set on arrival, and `secrets`, those of one stage, until another stage comes; folders of `path`
    are searched for modules last, where they exist; `plugins` are packages in the store, for a process `elsewhere`."""

    environment: Mapping[str, str] = field(repr=False)
    path: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    plugins: tuple[BlobRef, ...] = ()
    elsewhere: bool = False

    def with_secrets(self, secrets: Mapping[str, str]) -> Baggage:
        """For a stage that is to have them."""
        return replace(self, secrets=secrets)

    def with_plugins(self, packages: tuple[BlobRef, ...]) -> Baggage:
        """For a stage whose code is in them."""
        return replace(self, plugins=packages)

    def without(self, names: Collection[str]) -> Baggage:
        """For a process that has variables of those names of its own."""
        return replace(self, environment={k: v for k, v in self.environment.items() if k not in names})

    def unpack(self) -> BlobStore:
        """Make this process the job's: environment, modules, stages. The store that it is to use."""
        self.enter()
        blobs = _opened(frozenset(self.environment.items()))
        if self.plugins:
            receive(self.plugins, blobs, read_settings().home)
        return blobs

    def enter(self) -> None:
        """Make this process the job's, whether there is a store or not."""
        for name in _lent:
            os.environ.pop(name, None)
        os.environ.update({**self.environment, **self.secrets})
        _lent[:] = self.secrets
        sys.path.extend(folder for folder in self.path if folder not in sys.path and os.path.isdir(folder))
        load_stages()


@lru_cache(1)  # of the job that this process serves: a client of S3 takes 50 ms to make
def _opened(environment: frozenset[tuple[str, str]]) -> BlobStore:
    return open_blobs(read_settings())


def pack(elsewhere: bool) -> Baggage:
    """What this process has to give: all of its environment to one on this machine; `elsewhere` only what names
    store, stages and Prefect's server, since home, paths and programs are each machine's own."""
    if not elsewhere:
        own = {k: v for k, v in os.environ.items() if not k.startswith(_RAYS_OWN)}
        return Baggage(own | _plugins() | _server() | _own_store_keys(), tuple(sys.path))
    keys = {k: os.environ[k] for k in (*_KEYS, *_STORE, _SERVER) if k in os.environ}
    return Baggage(named_elsewhere() | keys | _store_keys() | _own_store_keys(), tuple(sys.path), elsewhere=True)


def named_elsewhere() -> dict[str, str]:
    """What names store, stages and Prefect's server to a process on another machine; no key is in it."""
    here = ("STAGEWRIGHT_HOME", VARIABLE, *_KEYS)  # folders of this machine; what a stage needs of them is sent
    own = {k: v for k, v in os.environ.items() if k.startswith("STAGEWRIGHT_") and k not in here}
    services = {k: os.environ[k] for k in (*_STORE, _SERVER) if k in os.environ}
    return own | {k: v for k, v in services.items() if "@" not in v}  # else there may be a password in the address


def _server() -> dict[str, str]:
    """Prefect's server, also where it was started on this machine and nobody has named it."""
    url = known_server(read_settings())
    return {_SERVER: url} if url else {}


def _plugins() -> dict[str, str]:
    """Their folders, which may be named from where we are; a process elsewhere has another working folder."""
    folders = named_folders()
    return {VARIABLE: ",".join(map(str, folders))} if folders else {}


def _own_store_keys() -> dict[str, str]:
    """The keys of the outside store that are ours and not AWS's: a worker is not to ask Prefect for them."""
    from botocore.exceptions import BotoCoreError

    address = outside_store(read_settings())
    try:
        keys = with_keys(address) if address else None
    except BotoCoreError:  # AWS settings that cannot be used: the store tells of them when it is asked
        return {}
    if keys is None or keys.access_key is None or keys.secret_key is None:
        return {}
    return {variable("s3_access_key"): keys.access_key, variable("s3_secret_key"): keys.secret_key}


def _store_keys() -> dict[str, str]:
    """The AWS keys of this process, unless they expire: nodes that outlive them need a role of their own."""
    from boto3.session import Session
    from botocore.credentials import RefreshableCredentials

    found = Session().get_credentials()
    if found is None or isinstance(found, RefreshableCredentials):
        return {}
    keys = {"AWS_ACCESS_KEY_ID": found.access_key, "AWS_SECRET_ACCESS_KEY": found.secret_key}
    return keys | ({"AWS_SESSION_TOKEN": found.token} if found.token else {})
