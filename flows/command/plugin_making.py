"""`stagewright plugin package`: a plugin as one file."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from flows.command.output import print_json, say
from stages.core.errors import UsageError
from stages.plugins.check import check_plugin
from stages.plugins.config_file import config_path
from stages.plugins.faults import refuse
from stages.plugins.package import PluginPackage, package_plugin


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
