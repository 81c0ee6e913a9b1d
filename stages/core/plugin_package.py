"""Packages of plugins: each plugin's modules lie under a package of its own, whatever they are called in its folder."""

from __future__ import annotations

import sys

CODE = "__stagewright_plugin__"
"""The attribute of such a package that holds the plugin's code."""


def plugin_of(module: str) -> str | None:
    """The code of the plugin that a module belongs to, if it belongs to one."""
    return getattr(sys.modules.get(module.partition(".")[0]), CODE, None)
