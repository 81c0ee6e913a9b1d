"""`stagewright plugin create` and `package`: a plugin from a template, and a plugin as one file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from flows.command.output import print_json, say
from stages.core.errors import UsageError
from stages.plugins.categories import PluginCategory
from stages.plugins.check import check_plugin
from stages.plugins.config_file import config_path
from stages.plugins.create import create_plugin
from stages.plugins.faults import refuse
from stages.plugins.package import PluginPackage, package_plugin


def make_plugin(folder: str, category: str | None, name: str | None, code: str | None, as_json: bool) -> int:
    """Make a plugin from the template of its category, and tell what can be done with it."""
    made = create_plugin(folder, category or _asked_category(as_json), name=name, code=code)
    if as_json:
        told = {"code": made.code, "name": made.name, "category": made.category.value, "folder": str(made.folder)}
        print_json({**told, "files": list(made.files)})
        return 0
    print(f"{made.folder}: the plugin {made.code}, of the category {made.category.value}")
    print("\n".join(f"  {file}" for file in made.files))
    say(f"Its tests: `pytest {folder}`. Its faults, if any: `stagewright plugin check {folder}`.")
    return 0


def _asked_category(as_json: bool) -> str:
    """Which category somebody wants who did not say. Raises UsageError where nobody can be asked."""
    known = [category.value for category in PluginCategory]
    if as_json or not sys.stdin.isatty():
        raise UsageError(f"Say what the plugin is for: --category {' | '.join(known)}.")
    import typer

    return str(typer.prompt(f"What is it for ({', '.join(known)})?", default=PluginCategory.CUSTOM.value, err=True))


def write_package(folder: str, output: str | None, as_json: bool) -> int:
    """Pack a plugin whose config and code are in order, and tell what that made. Raises PluginError with all faults."""
    root = config_path(folder).absolute().parent
    faults = check_plugin(root)
    if any(fault.severity == "error" for fault in faults):
        raise refuse(str(root), faults)
    package = package_plugin(root)
    file = _target(root, package, output)
    _write(file, package.data)
    if as_json:
        told = {name: getattr(package, name) for name in ("code", "version", "digest", "files")}
        print_json({**told, "bytes": len(package.data), "path": str(file), "faults": [f.to_json() for f in faults]})
        return 0
    for fault in faults:
        say(f"{fault.severity}: {fault}")
    print(f"{package.code} {package.version}: {len(package.files)} files, {len(package.data):,} bytes, in {file}")
    print(package.digest)
    return 0


def _target(root: Path, package: PluginPackage, output: str | None) -> Path:
    """Where the package is written. Raises UsageError for a place in which the next one would hold it."""
    name = f"{package.code}-{package.version}.zip"
    file = Path(output or ".").absolute()
    file = file / name if file.is_dir() else file
    place, inside = Path(os.path.realpath(file.parent)), Path(os.path.realpath(root))
    if place.is_relative_to(inside) and (place, file.name) != (inside, name):
        problem = f"{file} would be in the plugin's folder, and so in its next package. Name another with --output"
        raise UsageError(f"{problem}, or leave it out: {name} is passed over.", uri=str(file))
    return file


def _write(file: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=file.parent, prefix=".part-") as part:
            (made := Path(part, file.name)).write_bytes(data)
            os.replace(made, file)
    except OSError as error:
        problem = f"{file} cannot be written: {error.strerror}. Name another with --output."
        raise UsageError(problem, uri=str(file)) from error
