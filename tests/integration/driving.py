"""Driving the command line as a user does: in a process of its own, seeing what it prints and how it ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration.waiting import hears_ctrl_c

COMMAND = str(Path(sys.executable).parent / "stagewright")

BRANCHES = """
name: branches
label: Two branches
stages:
  - toy_source: {n: 10}
  - id: double
    stage: toy_scale
    config: {factor: 2}
    writes: {scaled: doubled}
  - id: triple
    stage: toy_scale
    config: {factor: 3}
    writes: {scaled: tripled}
  - stage: toy_sum
    reads: {left: doubled, right: tripled}
  - toy_measure
"""


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as the one JSON document it must be."""
        return json.loads(self.out)

    @property
    def statuses(self) -> dict[str, str]:
        """Stage id -> status, of `run --json`."""
        return {stage["id"]: stage["status"] for stage in self.json["stages"]}


def in_process(*args: str) -> Ended:
    """The command line in this process: all but Python's start and the imports."""
    from deployments.command import main

    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["stagewright", *args])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())


@dataclass
class Toys:
    """A folder with a profile of toy stages, a store of its own, and a log of what ran."""

    folder: Path
    environment: dict[str, str]
    profile: str = BRANCHES
    seen: int = field(default=0)

    @property
    def file(self) -> Path:
        """The profile's file."""
        return self.folder / "branches.yaml"

    def command(self, *args: str, **environment: str) -> Ended:
        """Run `stagewright` to its end."""
        done = subprocess.run(
            [COMMAND, *args], capture_output=True, text=True, env=self.all(**environment), cwd=self.folder, timeout=180
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    def run(self, *args: str) -> Ended:
        """`stagewright run` on the profile, with --json; in this process, which saves a second a run."""
        self.file.write_text(self.profile)
        return in_process("run", str(self.file), "--json", *args)

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        """The same, started and left to itself."""
        self.file.write_text(self.profile)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        command = [COMMAND, "run", str(self.file), *args]
        return subprocess.Popen(command, env=self.all(), cwd=self.folder, preexec_fn=hears_ctrl_c, **quiet)

    def all(self, **environment: str) -> dict[str, str]:
        """The environment of a command."""
        return {**os.environ, **self.environment, **environment}

    def ran(self) -> list[str]:
        """What ran since this was last asked, sorted."""
        log = Path(self.environment["TOY_LOG"])
        lines = log.read_text().splitlines() if log.exists() else []
        new, self.seen = lines[self.seen :], len(lines)
        return sorted(new)
