"""Lists that a setting names wrongly: nothing is asked of any service."""

from __future__ import annotations

import re

import pytest

from flows.graph.planning import plan_profile
from flows.jobs.listings import with_listings
from flows.load import load_profile
from stages.core.errors import UsageError


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("@vaiable:none", "'@vaiable:none' stands for no list: there is no '@vaiable:'; did you mean '@variable:'?"),
        ("@S3://b/l.txt", "'@S3://b/l.txt' stands for no list: there is no '@S3:'; did you mean '@s3:'?"),
        ("@http://a/b", "'@http://a/b' stands for no list: there is no '@http:'. There are: @s3:, @variable:. A text"),
        ("@s3://", "@s3:// names no object, expected @s3://bucket/path/to/brands.txt."),
        ("@s3://b/lists/", "@s3://b/lists/ names no object, expected @s3://bucket/path/to/brands.txt"),
        ("@s3:b/l.txt", "@s3:b/l.txt names no object, expected @s3://bucket/path/to/brands.txt"),
        ("@s3://[", "@s3://[ names no object, expected @s3://bucket/path/to/brands.txt"),
        ("@variable:", "@variable: names no Prefect variable, expected @variable:NAME."),
    ],
)
def test_what_names_no_list_is_refused_and_not_taken_for_a_text(word: str, told: str) -> None:
    plan = plan_profile(load_profile("brand-exposure"), settings={"match_brands": {"brands": ["VOLTRA", word]}})
    with pytest.raises(UsageError, match=f"^{re.escape('match_brands.brands: ' + told)}"):
        with_listings(plan)
