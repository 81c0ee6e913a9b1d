"""What Prefect's own profile says of a server; read by hand, since Prefect takes long to import."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class NamedByProfile:
    """A profile of Prefect's, and the server that it names."""

    profile: str
    api_url: str


def named_by_profile() -> NamedByProfile | None:
    """The server of the active profile, where that names one."""
    import tomllib

    home = Path(os.environ.get("PREFECT_HOME") or "~/.prefect")
    try:
        file = Path(os.environ.get("PREFECT_PROFILES_PATH") or home / "profiles.toml").expanduser()
        kept = tomllib.loads(file.read_text())
        active = os.environ.get("PREFECT_PROFILE") or kept["active"]
        return NamedByProfile(str(active), str(kept["profiles"][active]["PREFECT_API_URL"]))
    except (OSError, RuntimeError, ValueError, KeyError, TypeError):  # none, or one that Prefect itself complains about
        return None
