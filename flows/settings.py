"""What can be set from outside: one class, one prefix (`STAGEWRIGHT_`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from stages.core.errors import UsageError

Listed = Annotated[list[str], NoDecode]


class Settings(BaseSettings):
    """Settings of this process, from the environment. Lists are separated by commas."""

    model_config = SettingsConfigDict(env_prefix="STAGEWRIGHT_", frozen=True)

    home: Path = Field(Path("~/.stagewright"), description="Local services, caches and reports live here")
    s3_bucket: str | None = Field(None, description="An outside bucket; endpoint and keys come the usual AWS ways")
    s3_prefix: str = Field("", description="Put before every key in the bucket; ends with '/'")
    s3_endpoint: str | None = Field(None, description="Endpoint of the outside store, if AWS_ENDPOINT_URL is not set")
    profiles: Listed = Field([], description="Folders with profiles of your own")
    stage_modules: Listed = Field([], description="Modules to import for their stages")
    runner: str = Field(
        "threads", description="Where stages run: threads, ray (on this machine), auto or HOST:PORT (a cluster)"
    )
    workers: int = Field(
        0,
        ge=0,
        description="Workers for the items of a stage; 0 means one for each core, on a cluster all it has room for",
    )
    cache_gb: float = Field(
        20, ge=0, le=1e6, allow_inf_nan=False, description="Most that the cache of blobs on this machine may hold"
    )

    @field_validator("profiles", "stage_modules", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("home", mode="after")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        try:
            return home.expanduser().resolve()
        except (OSError, RuntimeError) as error:  # a user without a home, a working folder that was removed
            raise ValueError(f"{error} Name a folder that you can write to") from None

    @field_validator("s3_prefix", mode="after")
    @classmethod
    def _folder(cls, prefix: str) -> str:
        return prefix if not prefix or prefix.endswith("/") else prefix + "/"

    @property
    def prefect_api_url(self) -> str | None:
        """An outside Prefect server, where the environment names one."""
        return os.environ.get("PREFECT_API_URL") or None


def read_settings() -> Settings:
    """The settings of this process. Raises UsageError that names the variable and what is wrong with it.

    A user without a home of their own gets ours: Prefect cannot be imported without one.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        lines = [f"STAGEWRIGHT_{str(e['loc'][0]).upper()}: {e['msg']} (found {e['input']!r})" for e in error.errors()]
        raise UsageError("Settings that cannot be used:\n  " + "\n  ".join(lines)) from None
    if os.path.expanduser("~") == "~":
        os.environ["HOME"] = str(settings.home)
    return settings
