"""How a profile is deployed: the `deploy:` of its file, beside its stages. It changes no result."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]


DEFAULT, ON_RAY = "default", "ray"
"""The deployments that every profile has."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Schedule(_Strict):
    """When the profile is run by itself, with which parameters: the deployment `<profile>/<name>`.

    A deployment of its own, since Prefect's server (3.8) forgets the parameters of a schedule that is switched.
    """

    name: Slug = Field(description="What the deployment is called")
    runner: Literal["threads", "ray"] = Field("threads", description="Where its stages run")
    cron: str | None = Field(None, description="Minute, hour, day, month, weekday: `0 2 * * *`")
    every: float | None = Field(None, ge=1, le=10**8, description="Seconds from one run to the next, instead of cron")
    timezone: str = Field("UTC", description="Where cron's hours are counted")
    active: bool = Field(True, description="Whether it fires as soon as it is deployed")
    parameters: dict[str, Any] = Field({}, description="Inputs, settings by stage, and the other parameters of a run")

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("expected a time zone such as UTC or Europe/Zurich")
        return name

    @field_validator("name")
    @classmethod
    def _free(cls, name: str) -> str:
        if name in (DEFAULT, ON_RAY):
            raise ValueError("expected another name than that of the deployments that every profile has")
        return name

    @model_validator(mode="after")
    def _one_rhythm(self) -> Self:
        if (self.cron is None) == (self.every is None):
            raise ValueError("expected either `cron` or `every`")
        return self


class Watch(_Strict):
    """A prefix that is looked at again and again; every new object below it is one run of `<profile>/default`."""

    prefix: str = Field(min_length=1, description="`s3://bucket/prefix/`, or a prefix in the store's own bucket")
    input: str = Field("video", description="The profile's input that takes the object")
    suffixes: list[str] | None = Field(None, description="Ends of names that count; those of videos by default")
    every: float = Field(300, ge=10, le=10**8, description="Seconds from one look to the next")
    active: bool = Field(True, description="Whether it looks as soon as it is deployed")
    parameters: dict[str, Any] = Field({}, description="Further parameters of each run")


class Deploy(_Strict):
    """What `stagewright deploy` makes of a profile, beside what the stages say."""

    tags: list[str] = Field([], description="Tags of deployments and their runs")
    limit: int = Field(2, ge=1, le=10_000, description="Most runs of one deployment at once")
    collision: Literal["wait", "cancel"] = Field("wait", description="What becomes of a run beyond the limit")
    schedules: list[Schedule] = Field([], description="When it is run by itself")
    watch: Watch | None = Field(None, description="A prefix whose new objects are run")

    @model_validator(mode="after")
    def _watched_runs_wait(self) -> Self:
        if self.watch and self.collision == "cancel":
            raise ValueError(
                "expected `collision: wait` where a prefix is watched: else what comes at once is cancelled"
            )
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [schedule.name for schedule in self.schedules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two schedules are called {' and '.join(map(repr, twice))}")
        return self
