"""Actions that write data in a form that others read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from stages.core.errors import ContractError
from stages.datatypes import Dataset
from stages.datatypes.file_tree import FileTree
from stages.plugins.action import P
from stages.plugins.bases.action_context import ActionContext
from stages.plugins.bases.stepped_action import SteppedAction
from stages.plugins.categories import PluginCategory


@dataclass
class ExportContext(ActionContext):
    """What an export hands on.

    data_units        what is to be exported: by default the action's input
    filtered_results  those of them that are, once they were chosen
    output_path       the file or folder that is written
    """

    data_units: Any = None
    filtered_results: list[Any] = field(default_factory=list)
    output_path: str | Path | None = None

    def output_folder(self) -> Path:
        """The folder that is written: `output_path`, by default one of this run. It is made if it is not there."""
        self.output_path = folder = Path(self.output_path or self.work_folder / "output")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def keep_output(self) -> Dataset:
        """What was written, as a Dataset whose files are in the store. Raises ContractError where there is nothing."""
        if self.output_path is None or not Path(self.output_path).exists():
            missing = self.output_path or "output_path"
            raise ContractError(f"Nothing was exported: there is no {missing}. Write it first.")
        read = FileTree.from_folder if Path(self.output_path).is_dir() else FileTree.from_file
        return Dataset.of(read(self.output_path)).kept(self.blobs)


class BaseExportAction(SteppedAction[P, ExportContext]):
    """Base of actions that export: write `execute`, or register steps. Its progress has the category export."""

    category: ClassVar[PluginCategory | str | None] = PluginCategory.EXPORT
    stage_options: ClassVar[Mapping[str, Any]] = {"progress": {"export": 1}}

    def create_context(self) -> ExportContext:
        """See SteppedAction."""
        return ExportContext(self.ctx, params=self.params, data_units=self.ctx.input)

    def result_of(self, context: ExportContext, summary: dict[str, Any]) -> Any:
        """The files that the steps wrote, where they did."""
        return summary if context.output_path is None else context.keep_output()
