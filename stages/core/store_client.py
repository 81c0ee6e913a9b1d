"""The client of boto3 that an object store is spoken to with.

Source of its settings: measured against SeaweedFS and S3 (timeouts: boto3's own hang for minutes on a dead server;
virtual-host addressing and awscrt fail on loopback names).
"""

from __future__ import annotations

import os
from typing import Any

from stages.core.store_address import StoreAddress, with_keys

S3Client = Any  # boto3 makes its clients at run time


def connect(address: StoreAddress) -> S3Client:
    """A boto3 client for the address.

    The session is its own, since boto3's default one keeps the first credentials that it sees. For an address that
    brings its keys (a local store) nothing of the environment counts: no AWS variable, no file, no proxy.
    """
    from boto3.session import Session
    from botocore.config import Config

    options: dict[str, Any] = {
        "signature_version": "s3v4",
        "s3": {"addressing_style": "path"} if address.endpoint else {},
        "max_pool_connections": 16,
        "retries": {"mode": "standard", "total_max_attempts": 6},
        "connect_timeout": 2,
        "read_timeout": 15,
        "tcp_keepalive": True,
        # What is read is held against our own digest; boto3 would tell damage at rest as a broken connection.
        "response_checksum_validation": "when_required",
    }
    if not address.is_local:
        session = Session()
        keys = with_keys(address, session)
        return session.client(
            "s3",
            endpoint_url=address.endpoint,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            config=Config(**options),
        )
    return Session(botocore_session=_without_environment()).client(
        "s3",
        endpoint_url=address.endpoint,
        aws_access_key_id=address.access_key,
        aws_secret_access_key=address.secret_key,
        region_name="us-east-1",
        verify=True,  # else a bundle that the environment names
        config=Config(proxies={}, **options),
    )


def _without_environment() -> Any:
    """A session of botocore in which every variable has its default: no environment, no files of the user."""
    from botocore.configprovider import ConstantProvider
    from botocore.session import Session

    unset = {name: (None, None, *rest) for name, (_, _, *rest) in Session.SESSION_VARIABLES.items()}
    nowhere = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session = Session(session_vars=unset | nowhere)
    session.get_component("config_store").set_config_provider("s3", ConstantProvider(None))
    return session
