"""A stage of nothing but settings."""

from __future__ import annotations

from functools import partial

import pytest
from pydantic import BaseModel

from stages import StageConfigField, StageDefinition, StageIO, register_stage
from stages.core.errors import DefinitionError


def define(*fields: StageConfigField, model: type[BaseModel] | None = None) -> StageDefinition:
    return StageDefinition("look", "", "", StageIO([], []), list(fields), fn=lambda state: {}, config_model=model)


def refused(*fields: StageConfigField, model: type[BaseModel] | None = None) -> str:
    with pytest.raises(DefinitionError) as e:
        register_stage(define(*fields, model=model))
    assert e.value.context["stage"] == "look"
    assert f"field {e.value.context['field']!r}" in str(e.value)
    return str(e.value).removeprefix("Stage 'look', ")


fps = partial(StageConfigField, "fps")
