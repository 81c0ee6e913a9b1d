"""A stage's version: what its author declares, the code that its functions are, and what it depends on."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import partial, wraps
from importlib.metadata import version
from typing import Any

import pytest

from stages import DetectState, StageDefinition, StageIO
from stages.core.errors import DefinitionError
from stages.core.fingerprint import code_fingerprint
from stages.core.stage_version import stage_version
from tests.unit.workshop import Workshop


class TestFunctions:
    def test_a_partial_is_the_function_that_it_calls(self, shop: Workshop) -> None:
        shop.write("PKG.py", "def run(state): ...")
        run = shop.load("PKG").run
        assert code_fingerprint(partial(partial(run, 1), 2)) == code_fingerprint(run)

    def test_a_wrapped_one_is_what_it_wraps(self, shop: Workshop) -> None:
        shop.write("PKG.py", "def run(state): ...")
        run = shop.load("PKG").run

        @wraps(run)
        def wrapped(state: Any) -> Any:
            return run(state)

        assert code_fingerprint(wrapped) == code_fingerprint(run)

    def test_methods_and_callable_objects_are_their_modules(self, shop: Workshop) -> None:
        shop.write("PKG.py", "class Look:\n    def __call__(self, state): ...\n    def run(self, state): ...")
        made = shop.load("PKG").Look()
        assert code_fingerprint(made) == code_fingerprint(made.run) == shop.fingerprint("PKG")

    def test_a_script_that_is_run_is_its_file(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        shop.write("PKG.py", "def run(state): ...")
        script = shop.load("PKG")
        monkeypatch.setattr(script, "__spec__", None)
        first = shop.fingerprint("PKG")
        shop.write("PKG.py", "def run(state): return {}")
        assert shop.fingerprint("PKG") != first

    def test_without_a_source_the_bytecode_counts(self) -> None:
        def typed_in(text: str) -> Any:
            room: dict[str, Any] = {"__name__": "a_console_without_files"}
            exec(text, room)
            return room["run"]

        first = code_fingerprint(typed_in("def run(state):\n    return [x + 1 for x in state]"))
        assert first == code_fingerprint(typed_in("def run(state):\n\n    return [x + 1   for x in state]  # one"))
        assert first != code_fingerprint(typed_in("def run(state):\n    return [x + 2 for x in state]"))
        assert first != code_fingerprint(typed_in("def run(state):\n    return [x - 1 for x in state]"))


def nothing(state: DetectState) -> dict[str, Any]:
    return {}


class TestLoadedCode:
    """The files are looked at when a stage runs; the code was loaded before."""

    SOURCE = "from PKGparts import part\ndef run(state): return part()"

    def define(self, shop: Workshop) -> StageDefinition:
        shop.write("PKG.py", self.SOURCE)
        shop.write("PKGparts.py", "def part(): return {}")
        return StageDefinition("look", "Look", "", StageIO([], []), fn=shop.load("PKG").run)

    def test_a_file_that_changed_after_it_was_loaded_is_refused_by_name(self, shop: Workshop) -> None:
        definition = self.define(shop)
        assert stage_version(definition)
        shop.path("PKGparts.py").write_text("def part(): return {'more': 1}")
        with pytest.raises(DefinitionError, match=r"parts.py has changed since this process loaded it.*Start") as e:
            stage_version(definition)
        assert e.value.context["stage"] == "look"

    def test_the_module_loaded_anew_is_taken(self, shop: Workshop) -> None:
        first = stage_version(self.define(shop))
        shop.write("PKGparts.py", "def part(): return {'more': 1}")
        again = StageDefinition("look", "Look", "", StageIO([], []), fn=shop.load("PKG").run)
        assert stage_version(again) != first

    def test_a_file_of_a_clock_that_runs_ahead_is_no_change(self, shop: Workshop) -> None:
        definition = self.define(shop)
        ahead = time.time() + 3600
        os.utime(shop.path("PKGparts.py"), (ahead, ahead))
        assert stage_version(definition)

    def test_a_pinned_stage_does_not_look(self, shop: Workshop) -> None:
        definition = replace(self.define(shop), pinned=True)
        shop.write("PKGparts.py", "def part(): return {'more': 1}")
        assert stage_version(definition) == "1"

    def test_a_file_that_no_longer_parses_is_told_by_line(self, shop: Workshop) -> None:
        shop.write("PKGlater.py", "def part(:")
        shop.write("PKG.py", "def run(state):\n    from PKGlater import part\n    return part()")
        definition = StageDefinition("look", "Look", "", StageIO([], []), fn=shop.load("PKG").run)
        with pytest.raises(DefinitionError, match=r"later.py, line 1: invalid syntax"):
            stage_version(definition)


class TestVersion:
    def define(self, **more: Any) -> StageDefinition:
        return StageDefinition("look", "", "", StageIO([], []), **{"fn": nothing, **more})

    def test_is_what_is_declared_and_the_fingerprint(self) -> None:
        declared, _, fingerprint = stage_version(self.define(version="2026-11")).partition("+")
        assert declared == "2026-11"
        assert len(fingerprint) == 12
        assert int(fingerprint, 16) >= 0
        assert stage_version(self.define(version="2")) == "2+" + fingerprint

    def test_pinned_is_the_declared_one_alone(self) -> None:
        assert stage_version(self.define(version="7", pinned=True)) == "7"

    def test_an_environment_that_comes_with_the_code_counts_as_such(self) -> None:
        letters, signs = {"UNIT": "letters"}, {"UNIT": "signs"}
        versions = [stage_version(self.define(env=env)) for env in ({}, letters, signs, dict(letters))]
        assert versions[0] == stage_version(self.define())
        assert versions[1] == versions[3]
        assert len(set(versions)) == 3
        assert stage_version(self.define(version="7", pinned=True, env=letters)) == "7"

    def test_what_it_depends_on_counts_pinned_or_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for pinned in (True, False):
            plain = stage_version(self.define(pinned=pinned))
            library = stage_version(self.define(pinned=pinned, depends=("numpy",)))
            model = stage_version(self.define(pinned=pinned, depends=("sha256:12",)))
            other = stage_version(self.define(pinned=pinned, depends=("sha256:13",)))
            assert len({plain, library, model, other}) == 4
            assert library == stage_version(self.define(pinned=pinned, depends=("numpy",)))
            with monkeypatch.context() as patch:
                patch.setattr("stages.core.stage_version.version", lambda name: version(name) + ".1")
                assert stage_version(self.define(pinned=pinned, depends=("numpy",))) != library
                assert stage_version(self.define(pinned=pinned, depends=("sha256:12",))) == model

    def test_a_dependency_that_is_not_installed(self) -> None:
        with pytest.raises(DefinitionError) as e:
            stage_version(self.define(depends=("nunpy",)))
        assert str(e.value) == "Stage 'look' depends on 'nunpy', which is not installed."
        assert e.value.context == {"stage": "look"}

    def test_a_serialiser_from_another_module_counts(self, shop: Workshop) -> None:
        shop.write("PKG.py", "def write(state, job_id): ...\ndef read(data, job_id): ...")
        own = shop.load("PKG")
        definition = self.define(serialize_fn=own.write, deserialize_fn=own.read)
        first = stage_version(definition)
        shop.write("PKG.py", "def write(state, job_id): return {}\ndef read(data, job_id): ...")
        assert stage_version(definition) != first

    def test_a_decorated_function_counts_as_the_author_wrote_it(self, shop: Workshop, own_stages: None) -> None:
        text = "from stages import stage\n@stage(writes=['found'])\ndef look_here(): return 1"
        shop.write("PKG.py", text)
        definition = shop.load("PKG").look_here.definition
        first = stage_version(definition)
        shop.write("PKG.py", text.replace("1", "2"))
        assert stage_version(definition) != first
