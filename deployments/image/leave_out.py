"""Run while the image is built: names the installed packages that the image does without, one a line.

requirements.lock holds what every extra needs, those of tests and linters too, and pip checks hashes only of what a
file names. So all of it is installed first, and what no extra of the image leads to is removed again.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_OURS = "stagewright"
_TOOLS = ("pip", "setuptools")  # pip installs our own wheel later, and removes this list


def left_out(pyproject: Path, extras: Iterable[str]) -> list[str]:
    """Installed packages that neither the project nor one of those extras needs, directly or by way of others."""
    project = tomllib.loads(pyproject.read_text())["project"]
    wanted = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    needed = {_OURS, *_TOOLS} | _reached(wanted)
    return sorted({canonicalize_name(found.name) for found in distributions()} - needed)


def _reached(wanted: Iterable[str]) -> set[str]:
    """All packages to which these requirements lead, on this machine."""
    reached: set[tuple[str, str]] = set()
    open_ends = [(requirement, "") for requirement in map(Requirement, wanted)]
    while open_ends:
        requirement, asked_by = open_ends.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": asked_by}):
            continue
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) not in reached:
                reached.add((name, extra))
                open_ends += [(further, extra) for further in _requirements(name)]
    return {name for name, _ in reached}


def _requirements(name: str) -> list[Requirement]:
    try:
        return [Requirement(line) for line in distribution(name).requires or ()]
    except PackageNotFoundError:  # the lock leaves out what only other machines need
        return []


if __name__ == "__main__":
    print("\n".join(left_out(Path(sys.argv[1]), sys.argv[2:])))
