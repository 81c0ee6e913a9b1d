"""The words of a plugin's config that are one of a few."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class _Word(StrEnum):
    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """A member by its name or value however it is written: "Neural-Net" is NEURAL_NET."""
        if not isinstance(value, str):
            return None
        folded = value.strip().casefold().replace("-", "_").replace(" ", "_")
        return next((member for member in cls if member.value == folded), None)


class PluginCategory(_Word):
    """What a plugin, or an action of it, is for."""

    NEURAL_NET = "neural_net"
    EXPORT = "export"
    UPLOAD = "upload"
    SMART_TOOL = "smart_tool"
    PRE_ANNOTATION = "pre_annotation"
    POST_ANNOTATION = "post_annotation"
    DATA_VALIDATION = "data_validation"
    CUSTOM = "custom"


class RunMethod(_Word):
    """How an action is run: as a job of its own, as a task in a flow, or as a service that stays."""

    JOB = "job"
    TASK = "task"
    SERVE = "serve"


class PackageManager(_Word):
    """What installs the packages that a plugin needs."""

    PIP = "pip"
    UV = "uv"
