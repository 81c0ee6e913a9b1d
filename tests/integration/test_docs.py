"""README and docs are true: their Python runs, their profiles are in order, their commands do what stands below them.

Blocks are told apart by their info string. `python` is run and `yaml` checked; the first line may name the file it is
(`# codes.yaml`), which the commands of the page then find. In `console` a line with `$` is a command: all are parsed,
those that need no service are run, and with services those of the pages below. `text` and `toml` are left alone.
"""

from __future__ import annotations

import importlib
import io
import json
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from bench.sample import render_sample
from deployments import command
from flows.graph.check import check_profile
from flows.load import load_profile
from flows.settings import Settings
from stages.core import datatype, discovery, registry
from stages.core.discovery import load_stages
from stages.core.envelope import Envelope
from stages.plugins.check import check_plugin
from tests.integration.driving import Toys

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "docs/accuracy.md",
    "docs/action-bases.md",
    "docs/deployments.md",
    "docs/executors.md",
    "docs/operations.md",
    "docs/pipelines.md",
    "docs/plugins.md",
    "docs/profiles.md",
    "docs/ray.md",
    "docs/scale.md",
    "docs/steps.md",
    "docs/watching.md",
    "docs/writing-a-stage.md",
)
CHEAP = ("stages", "stage", "profiles", "validate", "schema", "plan", "plugin")
NEEDS_SERVICES = ("-i", "--input", "--kept", "--mode")
GOES_ON = {"docs/executors.md": "docs/plugins.md"}  # with the files of that page
GO = typer.main.get_command(command.app)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its info string, its text, and the line it begins in."""

    kind: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that its first line names."""
        found = re.match(r"# (\S+\.(?:py|yaml))\n", self.text)
        return found[1] if found else None


@dataclass(frozen=True)
class Command:
    """A `stagewright …` of a page, the environment that stands before it, and what is printed below it."""

    args: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    shown: str = ""

    @property
    def is_cheap(self) -> bool:
        return self.args[0] in CHEAP and not set(self.args) & set(NEEDS_SERVICES)


@cache
def page_text(page: str) -> str:
    return (ROOT / page).read_text()


def blocks(page: str, *kinds: str) -> list[Block]:
    text = page_text(page)
    found = re.finditer(r"^```([^\n]+)\n(.*?)^```$", text, re.M | re.S)
    every = [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in found]
    return [block for block in every if block.kind in kinds or not kinds]


def commands(page: str) -> list[Command]:
    """The commands of the console blocks, in order."""
    found: list[Command] = []
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
            line, _, shown = part.partition("\n")
            found += parsed(line, shown)
    return found


def parsed(line: str, shown: str = "") -> list[Command]:
    """What of a shell's line is `stagewright`, also inside `$(…)`."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found, words = list[Command](), [*lexer, ";"]
    while words:
        end = next(place for place, word in enumerate(words) if re.fullmatch(r"[();<>|&]+", word))
        given, words = words[:end], words[end + 1 :]
        for word in given:
            found += [c for inner in re.findall(r"\$\(([^)]*)\)", word) for c in parsed(inner)]
        before = [word.partition("=") for word in given if re.match(r"[A-Z_0-9]+=", word)]
        rest = [word for word in given if not re.match(r"[A-Z_0-9]+=", word)]
        if rest[:1] == ["stagewright"]:
            found.append(Command(tuple(rest[1:]), tuple((name, value) for name, _, value in before), shown))
    return found


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run(args: Sequence[str], environment: Sequence[tuple[str, str]] = ()) -> tuple[int, str]:
    """The command line in this process, as on a wide terminal: exit code, and what it printed, single-spaced."""
    out, err = Terminal(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["stagewright", *args])
        for name, value in (*environment, ("COLUMNS", "300")):
            patch.setenv(name, value)
        try:
            command.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return code, words(re.sub(r"\x1b\[[0-9;]*m", "", err.getvalue() + out.getvalue()))


def words(text: str) -> str:
    return " ".join(text.split())


@dataclass
class Page:
    """A page whose files lie in a folder of their own, which is also the working folder."""

    name: str
    folder: Path

    def write(self) -> None:
        for block in blocks(self.name, "python", "yaml", "yaml wrong"):
            if block.file:
                file = self.folder / block.file
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text)

    def run_python(self) -> None:
        """Its Python, in order: files as modules, with the tests in them, and the rest as a script. Files in folders
        are those of a plugin, which imports them itself."""
        script: dict[str, Any] = {"__name__": "docs"}
        for block in blocks(self.name, "python"):
            if block.file is None:
                exec(compile(block.text, f"{self.name}:{block.line}", "exec"), script)
            elif "/" not in block.file:
                module = importlib.import_module(block.file.removesuffix(".py"))
                load_stages([module.__name__])  # as STAGEWRIGHT_STAGE_MODULES does
                for name in [name for name in vars(module) if name.startswith("test_")]:
                    getattr(module, name)()


@pytest.fixture
def page(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """The page that the test is given, written. What its modules register is forgotten afterwards."""
    made = Page(request.param, tmp_path)
    for name in filter(None, (GOES_ON.get(made.name), made.name)):
        Page(name, tmp_path).write()
    load_stages([])
    monkeypatch.setattr(registry, "_stages", dict(registry._stages))
    monkeypatch.setattr(discovery, "_seen", set(discovery._seen))
    monkeypatch.setattr(datatype, "_types", dict(datatype._types))
    monkeypatch.setenv("STAGEWRIGHT_PLUGINS", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    known = set(sys.modules)
    yield made
    for name in set(sys.modules) - known:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_all_pages_are_known() -> None:
    assert sorted(PAGES) == sorted(["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])


@pytest.mark.parametrize("name", PAGES)
def test_every_block_says_what_it_is(name: str) -> None:
    assert len(re.findall(r"^```", page_text(name), re.M)) == 2 * len(blocks(name))
    assert {block.kind for block in blocks(name)} <= {"python", "yaml", "yaml wrong", "console", "json", "toml", "text"}


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page_text(name)):
        assert (ROOT / name).parent.joinpath(target).exists(), target


@pytest.mark.parametrize("page", [name for name in PAGES if name != "docs/operations.md"], indirect=True)
def test_python_runs_profiles_are_in_order_and_cheap_commands_tell_what_stands_there(page: Page) -> None:
    page.run_python()
    for block in blocks(page.name, "yaml"):
        if (block.file or "").endswith("config.yaml"):
            assert check_plugin(page.folder / str(block.file)) == []
            continue
        file = page.folder / (block.file or "nameless.yaml")
        file.write_text(block.text)
        plan, faults = check_profile(load_profile(file))
        assert plan is not None, [str(fault) for fault in faults]
        unread = "writes 'motion', which no later entry reads"  # extract_frames writes it for whoever follows things
        assert [fault for fault in faults if unread not in fault.message] == []
    for block in blocks(page.name, "yaml wrong"):
        assert check_profile(load_profile(page.folder / str(block.file)))[0] is None
    for asked in (found for found in commands(page.name) if found.is_cheap):
        code, printed = run(asked.args, asked.environment)
        assert code == (2 if "error: " in asked.shown else 0), printed
        for shown in re.split(r"^…$", asked.shown, flags=re.M):
            assert words(shown) in printed


def understood(args: Sequence[str], spoken_of: bool = False) -> None:
    """Raises what the command line would say of these words. A command that is spoken of may stand alone."""
    with GO.make_context("stagewright", list(args)) as context:
        called, found, rest = GO.resolve_command(context, context._protected_args + context.args)  # type: ignore[attr-defined]
        if rest or not spoken_of:
            found.make_context(called, rest, parent=context)


@pytest.mark.parametrize("name", PAGES)
def test_every_command_exists_with_its_options(name: str) -> None:
    for asked in commands(name):
        understood(asked.args)
    for spoken in re.findall(r"`(stagewright [^`\n]+)`", page_text(name)):
        for asked in parsed(spoken.replace(" … ", " X ")):
            understood(asked.args, spoken_of=True)


def test_every_make_target_exists() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)
    assert {word for name in PAGES for word in re.findall(r"^\$ make (\w+)", page_text(name), re.M)} <= set(targets)


def test_the_settings_are_those_that_there_are() -> None:
    named = {name.lower() for page in PAGES for name in re.findall(r"STAGEWRIGHT_(\w+)", page_text(page))}
    assert named == set(Settings.model_fields)


def test_the_envelope_has_the_fields_of_one() -> None:
    [shown] = blocks("docs/operations.md", "json")
    assert list(json.loads(shown.text)) == ["format", *(field.name for field in fields(Envelope)), "sum"]


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/writing-a-stage.md",
        "docs/operations.md",
        "docs/pipelines.md",
        "docs/plugins.md",
        "docs/executors.md",
    ],
    indirect=True,
)
def test_commands_and_python_work_with_services(page: Page, on_ray: Toys, monkeypatch: pytest.MonkeyPatch) -> None:
    """On short films, in place of the reader's. Of stages that are shown, what became of each must be so."""
    monkeypatch.delenv("STAGEWRIGHT_STAGE_MODULES")  # the toys' would be forgotten with the page's, for good
    (page.folder / "out").mkdir()
    for seed, film in enumerate(("match.mp4", "out/demo.mp4")):
        render_sample(page.folder / film, seconds=1, size=(320, 180), seed=seed)
    if page.name == "README.md":
        run(("run", "brand-exposure", "--input", "video=out/demo.mp4"))  # as `make demo` does
    page.run_python()
    for asked in (
        found for found in commands(page.name) if found.args[0] in ("run", "plan", "show", "jobs", "open", "plugin")
    ):
        code, printed = run((*asked.args, *(["--no-browser"] if asked.args[0] == "open" else [])))
        assert code == 0, printed
        for mark, stage, status in re.findall(r"^([✓=]) (\w+) +(\w+)", asked.shown, re.M):
            assert f"{mark} {stage} {status} " in printed
