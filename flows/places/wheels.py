"""Wheels on their way to the nodes of a cluster. They must be there before the process that is to have them, so Ray
itself carries them: as the working folder of that process, with nothing but wheels in it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from stages.core.errors import UsageError

FOLDER = "${RAY_RUNTIME_ENV_CREATE_WORKING_DIR}"
"""Where they are when packages are installed, as an installer reads it in a list of requirements."""

KEPT_S = 7 * 24 * 3600
"""Seconds for which the cluster keeps them for a run; what is sent for one task Ray would drop after ten minutes."""

_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def send_wheels(files: Sequence[Path]) -> str:
    """Give them to the cluster that this process is connected to, unless it has them: their address there.

    Raises UsageError where they are too many for it.
    """
    from ray._private.runtime_env import packaging

    data = _packed(files)
    address = f"gcs://_ray_pkg_{hashlib.sha256(data).hexdigest()}.zip"
    packaging.pin_runtime_env_uri(address, expiration_s=KEPT_S)
    if not packaging.package_exists(address):
        try:
            packaging.upload_package_to_gcs(address, data)
        except ValueError as error:
            folder = files[0].parent
            told = f"The wheels in {folder} have {len(data) >> 20:,} MiB, more than Ray carries to its nodes: {error}"
            raise UsageError(f"{told} Serve the large ones by an index of your own.", uri=str(folder)) from error
    return address


def _packed(files: Sequence[Path]) -> bytes:
    """The same bytes whenever it is done, so that they are sent once."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, _LONG_AGO)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, file.read_bytes())
    return packed.getvalue()
