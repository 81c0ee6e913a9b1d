"""Actions that put files where others look for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from stages.core.errors import EncodeError, StoreError
from stages.core.values import encode_value
from stages.plugins.action import P
from stages.plugins.action_stage import OUTPUT, output_of, stage_of
from stages.plugins.bases.stepped_action import SteppedAction
from stages.plugins.bases.upload_context import UploadContext, UploadedFile
from stages.plugins.categories import PluginCategory
from stages.steps import BaseStep, StepResult


class UploadFiles(BaseStep[UploadContext]):
    """The step that uploads all organised files of the context. It is undone when a later one fails."""

    name = "upload"
    progress_weight = 8.0
    rollback_on_failure = True

    def execute(self, context: UploadContext) -> StepResult:
        """Upload; what is there already with the same content counts as uploaded."""
        files = context.upload_all()
        there = sum(file.was_there for file in files)
        return StepResult(data={"files": len(files), "bytes": sum(file.size for file in files), "were_there": there})

    def rollback(self, context: UploadContext, result: StepResult) -> None:
        """Remove what was uploaded."""
        context.undo_uploads()


class BaseUploadAction(SteppedAction[P, UploadContext]):
    """Base of actions that upload: write `execute`, or register steps, of which UploadFiles may be one.

    When it fails or is stopped, what it uploaded is removed again. It runs every time: what it does is outside of the
    store of results. Its progress has the categories validation, upload and finalization.
    """

    category: ClassVar[PluginCategory | str | None] = PluginCategory.UPLOAD
    stage_options: ClassVar[Mapping[str, Any]] = {
        "pure": False,
        "progress": {"validation": 1, "upload": 8, "finalization": 1},
    }

    def create_context(self) -> UploadContext:
        """See SteppedAction. The destination is the parameter of that name, if there is one."""
        destination = getattr(self.params, "destination", None) or ""
        return UploadContext(self.ctx, params=self.params, destination=str(destination))

    def run(self) -> Any:
        """See BaseAction. Raises EncodeError, ContractError for a result that could not be kept as it is declared, as
        long as what was uploaded can still be removed."""
        try:
            result = super().run()
            self._check_can_be_kept(result)
            return result
        except BaseException as error:
            self._undo(error)
            raise

    def result_of(self, context: UploadContext, summary: dict[str, Any]) -> Any:
        """The uploaded files, as JSON, and the data units."""
        told = [file.to_json() if isinstance(file, UploadedFile) else file for file in context.uploaded_files]
        return {"uploaded_files": told, "data_units": context.data_units}

    def _check_can_be_kept(self, result: Any) -> None:
        """What the stage does with it later, when this action is not asked any more."""
        definition = stage_of(type(self))
        kind = definition.write_types.get(OUTPUT)
        written = output_of(type(self), kind, result)
        if definition.serialize_fn is not None:  # its own way, which is not known here
            return
        try:
            encode_value(written, kind, self.context.blobs)
        except EncodeError as error:
            problem = f"Action {self.action_name!r}: its result {error.message}."
            raise EncodeError(problem, action=self.action_name) from error.__cause__

    def _undo(self, error: BaseException) -> None:
        """What was uploaded outside of steps, or in steps that do not undo it."""
        if "context" in vars(self):
            try:
                self.context.undo_uploads()
            except StoreError as left:
                error.add_note(str(left))
                self.logger.error("%s", left)
