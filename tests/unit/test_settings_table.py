"""The table of settings in the docs is the one that the class gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.settings_table import BEGIN, END, settings_table, with_table
from flows.settings import Settings, variable
from stages.core.errors import UsageError

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_docs_have_the_table_of_now() -> None:
    kept = PAGE.read_text()
    assert with_table(kept) == kept, "mend it with: python -m deployments.settings_table docs/operations.md"


def test_every_setting_has_its_row_with_kind_bounds_default_and_meaning() -> None:
    rows = [line.strip("| ").split(" | ") for line in settings_table().splitlines()[2:]]
    assert [row[0] for row in rows] == [f"`{variable(field)}`" for field in Settings.model_fields]
    assert all(len(row) == 4 and row[3] for row in rows)
    told = {row[0].strip("`"): row[1:3] for row in rows}
    assert told["STAGEWRIGHT_HOME"] == ["folder", "`~/.stagewright`"]
    assert told["STAGEWRIGHT_CACHE_GB"] == ["number, 0 to 1,000,000", "`20`"]
    assert told["STAGEWRIGHT_VISION_KEY"] == ["secret", "none"]


def test_a_table_that_is_not_of_now_is_replaced_and_nothing_else() -> None:
    page = with_table(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert page == f"before\n{BEGIN}\n\n{settings_table()}\n{END}\nafter\n"
    assert with_table(page) == page


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_page_without_a_place_for_it_is_left_alone(page: str) -> None:
    with pytest.raises(UsageError, match=r"^The page has no place for the table"):
        with_table(page)
