"""The base of exports."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import BaseModel

from stages.core.context import RuntimeContext
from stages.core.errors import ContractError
from stages.datatypes import Dataset
from stages.plugins import BaseExportAction, ExportContext
from stages.steps import BaseStep, StepRegistry, StepResult
from tests.unit.harness import run_stage


class Unit(BaseModel):
    name: str
    good: bool


class ExportParams(BaseModel):
    units: list[Unit] = [Unit(name="a", good=True), Unit(name="b", good=False), Unit(name="c", good=True)]


class Filter(BaseStep[ExportContext]):
    name = "filter"

    def execute(self, context: ExportContext) -> StepResult:
        context.filtered_results = [unit for unit in context.params.units if unit.good]
        return StepResult()


class Write(BaseStep[ExportContext]):
    name = "export"

    def execute(self, context: ExportContext) -> StepResult:
        folder = context.output_folder()
        for unit in context.filtered_results:
            (folder / f"{unit.name}.txt").write_text(unit.name)
        return StepResult()


class UnitsAction(BaseExportAction[ExportParams]):
    output_type = Dataset

    def setup_steps(self, registry: StepRegistry[ExportContext]) -> None:
        registry.register(Filter())
        registry.register(Write())


def test_an_export_gives_the_files_that_its_steps_wrote(tmp_path: Path) -> None:
    written, _ = run_stage(UnitsAction.definition(), {}, {}, tmp_path)
    assert dict(written["output"].read_all()) == {"a.txt": b"a", "c.txt": b"c"}
    assert UnitsAction.definition().category == "export"
    with pytest.raises(ContractError, match="Nothing was exported: there is no output_path"):
        ExportContext(RuntimeContext(logging.getLogger("test"), {})).keep_output()
