"""A stage's fingerprint changes when the code it runs does, and only then."""

from __future__ import annotations

import ast
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

import stages
from stages.core.code_files import _reached
from tests.unit.workshop import Workshop

STAGE = '''\
"""What this is for."""
import math

LIMIT = 3


def run(state, step=1):
    """Rounds up."""
    found = [math.ceil(x) for x in state["numbers"] if x > LIMIT]
    return {"found": found[::step]}
'''


class TestOneModule:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ('"""What this is for."""\n', ""),
            ('"""Rounds up."""', '"""Rounds up.\n\n    Really.\n    """'),
            ("LIMIT = 3", "# the largest that is left out\nLIMIT = 3  # found by trial"),
            ("    return", "\n\n    return"),
            ('state["numbers"]', "state['numbers']"),
            ("x > LIMIT", "(x > LIMIT)"),
            ("found[::step]}", "found[\n        ::step\n    ]}"),
            ("LIMIT = 3", 'LIMIT = 3\n"""The largest that is left out."""'),
        ],
    )
    def test_comments_docstrings_and_layout_change_nothing(self, shop: Workshop, before: str, after: str) -> None:
        shop.write("PKG/stage.py", STAGE)
        first = shop.fingerprint()
        assert STAGE.replace(before, after) != STAGE
        shop.write("PKG/stage.py", STAGE.replace(before, after))
        assert shop.fingerprint() == first

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("LIMIT = 3", "LIMIT = 4"),
            ("LIMIT = 3", "LIMIT = 3.0"),
            ("LIMIT = 3", "LIMIT = None"),
            ("LIMIT = 3", "LIMIT = 3\nMORE = 4"),
            ("x > LIMIT", "x >= LIMIT"),
            ("step=1", "step=2"),
            ('"numbers"', '"values"'),
            ("math.ceil", "math.floor"),
            ("if x > LIMIT", ""),
        ],
    )
    def test_code_does(self, shop: Workshop, before: str, after: str) -> None:
        shop.write("PKG/stage.py", STAGE)
        first = shop.fingerprint()
        shop.write("PKG/stage.py", STAGE.replace(before, after))
        second = shop.fingerprint()
        assert second != first
        shop.write("PKG/stage.py", STAGE)
        assert shop.fingerprint() == first

    @pytest.mark.parametrize("stage", ["extract_frames", "read_text", "track_exposures"])
    def test_shipped_stages_keep_theirs_when_they_are_laid_out_anew(self, shop: Workshop, stage: str) -> None:
        source = Path(sys.modules[stages.get_stage(stage).code.__module__].__file__ or "").read_text()
        shop.write("PKG/stage.py", source)
        first = shop.fingerprint()
        shop.write("PKG/stage.py", ast.unparse(ast.parse(source)))
        assert shop.fingerprint() == first


class TestWhatItImports:
    @pytest.mark.parametrize(
        "statement",
        [
            "import PKG.used",
            "import PKG.used as other",
            "from PKG import used",
            "from PKG.used import answer",
            "from PKG.used import answer as other",
            "from PKG.used import *",
            "from . import used",
            "from .used import answer",
            "def run(state):\n    from PKG.used import answer",
            "if False:\n    from .used import answer",
            "from PKG.between import answer",
        ],
    )
    def test_of_the_same_package_counts(self, shop: Workshop, statement: str) -> None:
        shop.write("PKG/__init__.py", "")
        shop.write("PKG/between.py", "from PKG.used import answer")
        shop.write("PKG/used.py", "answer = 1")
        shop.write("PKG/unused.py", "answer = 1")
        shop.write("PKG/stage.py", statement)
        first = shop.fingerprint()
        shop.write("PKG/unused.py", "answer = 2")
        assert shop.fingerprint() == first
        shop.write("PKG/used.py", "answer = 1  # still")
        assert shop.fingerprint() == first
        shop.write("PKG/used.py", "answer = 2")
        assert shop.fingerprint() != first

    def test_from_a_package_below_or_above(self, shop: Workshop) -> None:
        for folder in ("PKG", "PKG/text", "PKG/text/deep"):
            shop.write(f"{folder}/__init__.py", "")
        shop.write("PKG/used.py", "answer = 1")
        shop.write("PKG/text/deep/used.py", "answer = 1")
        shop.write("PKG/text/stage.py", "from ..used import answer\nfrom .deep import used")
        seen = {shop.fingerprint("PKG.text.stage")}
        shop.write("PKG/used.py", "answer = 2")
        seen.add(shop.fingerprint("PKG.text.stage"))
        shop.write("PKG/text/deep/used.py", "answer = 2")
        seen.add(shop.fingerprint("PKG.text.stage"))
        assert len(seen) == 3

    def test_a_package_that_only_passes_a_name_on_is_followed_to_where_it_is_from(self, shop: Workshop) -> None:
        shop.write("PKG/__init__.py", "from PKG.parts import measure as answer\nfrom PKG.other import more")
        shop.write("PKG/parts/__init__.py", "from .deep import answer as measure")
        shop.write("PKG/parts/deep.py", "answer = 1")
        shop.write("PKG/other.py", "more = 1")
        shop.write("PKG/stage.py", "from PKG import answer")
        first = shop.fingerprint()
        shop.write("PKG/other.py", "more = 2")
        assert shop.fingerprint() == first
        shop.write("PKG/parts/deep.py", "answer = 2")
        assert shop.fingerprint() != first

    def test_a_package_that_defines_the_name_itself_counts(self, shop: Workshop) -> None:
        shop.write("PKG/__init__.py", "answer = 1")
        shop.write("PKG/stage.py", "from PKG import answer")
        first = shop.fingerprint()
        shop.write("PKG/__init__.py", "answer = 2")
        assert shop.fingerprint() != first

    @pytest.mark.parametrize("statement", ["from . import pictures", "from PKG import pictures", "from . import _fast"])
    def test_a_folder_of_files_or_a_binary_has_no_code_to_read(self, shop: Workshop, statement: str) -> None:
        shop.write("PKG/__init__.py", statement)
        shop.write("PKG/pictures/logo.txt", "a folder without __init__.py")
        shop.write(f"PKG/_fast{EXTENSION_SUFFIXES[0]}", "not really")
        shop.write("PKG/stage.py", statement)
        assert len(shop.fingerprint()) == 64

    def test_modules_and_packages_that_import_each_other(self, shop: Workshop) -> None:
        shop.write("PKG/__init__.py", "from .stage import run, answer")
        shop.write("PKG/stage.py", "from PKG.used import answer")
        shop.write("PKG/used.py", "from PKG import run, answer\nx = 1")
        first = shop.fingerprint()
        shop.write("PKG/used.py", "from PKG import run, answer\nx = 2")
        assert shop.fingerprint() != first

    def test_loose_modules_of_one_folder_belong_together(self, shop: Workshop) -> None:
        shop.write("PKG_stage.py", "from PKG_used import answer\nimport PKG_parts.deep")
        shop.write("PKG_used.py", "answer = 1")
        shop.write("PKG_parts/__init__.py", "")
        shop.write("PKG_parts/deep.py", "answer = 1")
        seen = {shop.fingerprint("PKG_stage")}
        shop.write("PKG_used.py", "answer = 2")
        seen.add(shop.fingerprint("PKG_stage"))
        shop.write("PKG_parts/deep.py", "answer = 2")
        seen.add(shop.fingerprint("PKG_stage"))
        assert len(seen) == 3

    def test_a_folder_without_init_is_a_package_too(self, shop: Workshop) -> None:
        shop.write("PKG/loose/deeper/used.py", "answer = 1")
        shop.write("PKG/stage.py", "from PKG.loose.deeper.used import answer")
        first = shop.fingerprint()
        shop.write("PKG/loose/deeper/used.py", "answer = 2")
        assert shop.fingerprint() != first


class TestWhatIsOfOthers:
    @pytest.fixture
    def others(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
        """Another folder on the path."""
        (tmp_path / "others").mkdir()
        monkeypatch.syspath_prepend(str(tmp_path / "others"))
        return Workshop(tmp_path / "others")

    def test_another_distribution_does_not_count(self, shop: Workshop, others: Workshop) -> None:
        others.write("PKG.py", "answer = 1")
        shop.write("PKG/stage.py", f"from {others.name} import answer\nimport {others.name}")
        first = shop.fingerprint()
        others.write("PKG.py", "answer = 2")
        assert shop.fingerprint() == first

    def test_nor_does_what_a_package_passes_on_from_one(self, shop: Workshop, others: Workshop) -> None:
        others.write("PKG.py", "answer = 1")
        shop.write("PKG/__init__.py", f"from {others.name} import answer")
        shop.write("PKG/stage.py", "from PKG import answer")
        first = shop.fingerprint()
        others.write("PKG.py", "answer = 2")
        assert shop.fingerprint() == first

    def test_nothing_is_imported(self, shop: Workshop, others: Workshop) -> None:
        others.write("PKG/__init__.py", "raise RuntimeError('imported')")
        shop.write("PKG/__init__.py", "raise RuntimeError('imported')")
        shop.write("PKG/used.py", "raise RuntimeError('imported')")
        shop.write("PKG/stage.py", f"from {others.name} import x\nimport {others.name}.y\nfrom PKG.used import z")
        shop.fingerprint()
        assert not {name.split(".")[0] for name in sys.modules} & {shop.name, others.name}

    def test_what_is_installed_belongs_to_its_own_package_only(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        installed = tmp_path / "site-packages"
        monkeypatch.syspath_prepend(str(installed))
        shop = Workshop(installed)
        shop.write("PKG/__init__.py", "")
        shop.write("PKG/used.py", "answer = 1")
        shop.write("PKG_neighbour.py", "answer = 1")
        shop.write("PKG/stage.py", "import PKG_neighbour\nimport PKG.used")
        first = shop.fingerprint()
        shop.write("PKG_neighbour.py", "answer = 2")
        assert shop.fingerprint() == first
        shop.write("PKG/used.py", "answer = 2")
        assert shop.fingerprint() != first

    def test_the_contract_is_left_out_of_a_shipped_stage(self) -> None:
        module = sys.modules["stages.text.read_text"]
        reached = set(_reached("stages.text.read_text", Path(module.__file__ or "")))
        assert {"stages.text.read_text", "stages.text.recogniser", "stages.datatypes.frames"} <= reached
        assert not {name for name in reached if name.startswith("stages.core") or not name.startswith("stages.")}
