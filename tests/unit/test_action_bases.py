"""What all bases of actions do."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from stages.core.context import RuntimeContext
from stages.core.errors import ContractError
from stages.plugins import BaseAction, BaseExportAction, BaseInferenceAction, BaseTrainAction, BaseUploadAction
from tests.unit.line_fits import FitAction, FitParams


def test_options_of_a_class_are_added_to_those_of_its_base() -> None:
    definition = FitAction.definition()
    assert definition.retries == 2
    assert dict(definition.progress) == {"dataset": 1, "train": 8, "model_upload": 1}
    assert list(BaseExportAction.stage_options["progress"]) == ["export"]
    assert list(BaseUploadAction.stage_options["progress"]) == ["validation", "upload", "finalization"]
    assert list(BaseInferenceAction.stage_options["progress"]) == ["model_download", "inference"]
    assert definition.category == "neural_net"
    assert definition.pure
    assert FitAction.params_model is FitParams


@pytest.mark.parametrize("base", [BaseTrainAction, BaseExportAction, BaseUploadAction, BaseInferenceAction])
def test_an_action_with_nothing_to_do_says_what_to_write(base: type[BaseAction[Any]]) -> None:
    made = type("IdleAction", (base,), {})
    with pytest.raises(ContractError, match=r"'idle' \(IdleAction\) has nothing to do; write its execute"):
        made({}, RuntimeContext(logging.getLogger("test"), {})).run()
