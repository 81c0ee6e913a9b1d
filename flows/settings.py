"""What can be set from outside: one class, one prefix (`STAGEWRIGHT_`).

The table in docs/operations.md is made from it: `python -m deployments.settings_table docs/operations.md`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from stages.core.errors import UsageError

PREFIX = "STAGEWRIGHT_"

Listed = Annotated[list[str], NoDecode]


class Settings(BaseSettings):
    """Settings of this process, from the environment. Lists are separated by commas; an empty variable counts as none.

    Secrets show themselves nowhere. One that is not set may be a Prefect Secret block: see `flows.secret_blocks`.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    home: Path = Field(Path("~/.stagewright"), description="Local services, cache, files of jobs")
    s3_bucket: str | None = Field(None, description="An outside bucket")
    s3_prefix: str = Field("", description="Put before every key in that bucket; ends with `/`")
    s3_endpoint: str | None = Field(
        None,
        description="Endpoint of that bucket's store; else `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, else AWS",
    )
    s3_access_key: SecretStr | None = Field(None, description="Key of that bucket's store; else the usual AWS ways")
    s3_secret_key: SecretStr | None = Field(None, description="The secret that belongs to that key")
    profiles: Listed = Field([], description="Folders with profiles of your own")
    stage_modules: Listed = Field([], description="Modules to import for their stages")
    plugins: Listed = Field([], description="Folders with plugins: each is one, or holds some")
    runner: str = Field(
        "threads", description="Where stages run: `threads`, `ray` (on this machine), `auto` or `HOST:PORT` (a cluster)"
    )
    workers: int = Field(
        0,
        ge=0,
        le=100_000,
        description="Workers for the items of a stage; 0 means one for each core, on a cluster all it has room for",
    )
    cache_gb: float = Field(
        20, ge=0, le=1e6, allow_inf_nan=False, description="Most that the cache of blobs on this machine may hold, GB"
    )
    vision_key: SecretStr | None = Field(None, description="Key for the endpoint that `escalate` asks")

    @field_validator("profiles", "stage_modules", "plugins", mode="before")
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

    @field_validator("s3_endpoint", mode="after")
    @classmethod
    def _address(cls, endpoint: str | None) -> str | None:
        if endpoint and not endpoint.startswith(("http://", "https://")):
            raise ValueError("An endpoint is http://host:port or https://host")
        if endpoint and "@" in urlsplit(endpoint).netloc:
            raise ValueError("An endpoint holds no key; keys are settings of their own")
        return endpoint

    @field_validator("s3_access_key", "s3_secret_key", "vision_key", mode="after")
    @classmethod
    def _one_word(cls, key: SecretStr | None) -> SecretStr | None:
        word = key.get_secret_value().strip() if key else ""
        if not word.isascii() or not word.isprintable() or " " in word:
            raise ValueError("There are characters in it that no key has")
        return SecretStr(word) if word else None

    @property
    def prefect_api_url(self) -> str | None:
        """An outside Prefect server, where the environment names one."""
        return os.environ.get("PREFECT_API_URL") or None


SECRETS = tuple(name for name, field in Settings.model_fields.items() if field.annotation == SecretStr | None)
"""The settings that nobody may see."""


def variable(field: str) -> str:
    """The variable that gives a setting."""
    return PREFIX + field.upper()


def read_settings() -> Settings:
    """The settings of this process. Raises UsageError that names the variable and what is wrong with it.

    A user without a home of their own gets ours: Prefect cannot be imported without one.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        lines = [f"{variable(field)}: {fault}" for field, fault in faults(error).items()]
        raise UsageError("Settings that cannot be used:\n  " + "\n  ".join(lines)) from None
    if os.path.expanduser("~") == "~":
        os.environ["HOME"] = str(settings.home)
    return settings


def faults(error: ValidationError) -> dict[str, str]:
    """What is wrong, by field; what was found is told of all that is no secret."""
    told: dict[str, str] = {}
    for fault in error.errors():
        field = str(fault["loc"][0])
        found = "" if field in SECRETS else f" (found {shown(fault['input'])!r})"
        told.setdefault(field, f"{fault['msg']}{found}")
    return told


def shown(value: object) -> object:
    """A value as it may be seen: an address without the password in it."""
    if not isinstance(value, str) or "@" not in value:
        return value
    return without_password(value) if "://" in value else value.rpartition("@")[2]


def is_loopback(host: str | None) -> bool:
    """Whether a name or address of a host is this machine itself to whoever asks."""
    return host in ("localhost", "::1", "0.0.0.0") or (host or "").startswith("127.")  # noqa: S104 - asked, not bound


def without_password(url: str) -> str:
    """The address as it may be shown."""
    try:
        parts = urlsplit(url)
    except ValueError:  # such as http://[
        return url.rpartition("@")[2]
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
