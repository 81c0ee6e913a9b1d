"""A step that only checks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stages.steps import ValidationStep
from tests.unit.desk import Desk, Note, fail, run
from tests.unit.harness import make_context


@pytest.fixture
def desk() -> Desk:
    return Desk(make_context())


class TestValidation:
    def test_a_name_and_a_weight(self) -> None:
        step = ValidationStep[Desk](lambda desk: True)
        assert step.name == "validation"
        assert 0 < step.progress_weight < 1
        step = ValidationStep(lambda desk: True, name="has_rows", progress_weight=0)
        assert (step.name, step.progress_weight) == ("has_rows", 0)

    @pytest.mark.parametrize("verdict", [True, (True, None), (True, "as it should be"), 1])
    def test_passes(self, desk: Desk, verdict: Any) -> None:
        assert run(ValidationStep(lambda desk: verdict), desk=desk)[0]["success"]

    def test_passes_on_the_truth_of_numpy(self, desk: Desk) -> None:
        assert run(ValidationStep(lambda desk: np.float32(3) > 2), desk=desk)[0]["success"]

    @pytest.mark.parametrize(
        ("verdict", "text"),
        [
            ((False, "3 rows lack a label"), "3 rows lack a label"),
            (False, "The validator of 'rows' said no, and not why."),
            ((False, None), "The validator of 'rows' said no, and not why."),
            (None, "The validator of 'rows' gave None; expected True, False or (False, 'why')."),
            ("yes", "The validator of 'rows' gave 'yes'; expected True, False or (False, 'why')."),
            ([True], "The validator of 'rows' gave [True]; expected True, False or (False, 'why')."),
        ],
    )
    def test_does_not(self, desk: Desk, verdict: Any, text: str) -> None:
        error = fail(Note("a"), ValidationStep(lambda desk: verdict, name="rows"), desk=desk)
        assert error.context["error"] == text
        assert desk.done == ["a", "-a"]

    def test_a_validator_may_raise_and_sees_the_context(self, desk: Desk) -> None:
        def validator(desk: Desk) -> bool:
            raise ValueError(f"after {desk.done}")

        assert str(fail(Note("a"), ValidationStep(validator), desk=desk)) == (
            "Step 'validation' failed: ValueError: after ['a'] (rolled back: a)"
        )
