"""The JSON Schema of profiles, as an editor uses it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from flows.graph.schema import profile_schema
from flows.profiles.profile_files import SHIPPED
from tests.unit.toys import GOOD, toy
from tests.unit.toys import toys as toys


def complaints(text: str) -> list[str]:
    """What the schema finds wrong with a text: path and message."""
    document: Any = yaml.safe_load(text)
    found = Draft202012Validator(profile_schema()).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in found]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(profile_schema())


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_profiles_are_accepted(path: Any) -> None:
    assert complaints(path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        toy("- cut_pictures:\n- read_words"),
        toy("- {stage: find_names, config: {names: [Ada], tolerance: {letters: 2}}}", inputs="{words: }"),
        toy("- {stage: cut_pictures, id: a, reads: {clip: film}, writes: {pictures: p}, needs: [b], enabled: false}"),
        toy("- {stage: cut_pictures, resources: {cpus: 2, memory: 4 GB, custom: {tpu: 1}}, retries: 3, timeout: 1.5}"),
        "extends: toy\n",
        "extends: toy\nstages:\n  - find_names: {threshold: 90}\n  - {id: sum_up, enabled: false}\n  - again\n",
        "extends: toy\nstages:\n  - {stage: print_page, after: sum_up}\n  - other_id: {rate: 3}\n",
    ],
)
def test_what_is_in_order_is_accepted(text: str) -> None:
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (toy("- cut_pictures", lable="x"), "$: Additional properties are not allowed ('lable' was unexpected)"),
        (toy("- cut_pictures", inputs="{clip: ToyKlip}"), "$.inputs.clip: 'ToyKlip' is not one of ["),
        ("name: toy\n", "$: 'stages' is a required property"),
        ("name: to y\nstages: [sum_up]\n", "$.name: 'to y' does not match"),
        (toy("- cut_picture"), "$.stages[0]: 'cut_picture' is not one of ["),
        (toy("- cut_picture: {}"), "$.stages[0]: Additional properties are not allowed ('cut_picture' was unexpected)"),
        (toy("- {stage: cut_picture}"), "$.stages[0].stage: 'cut_picture' is not one of ["),
        (
            toy("- cut_pictures: {rate: 0}"),
            "$.stages[0].cut_pictures.rate: 0 is less than or equal to the minimum of 0",
        ),
        (
            toy("- cut_pictures: {siez: 3}"),
            "$.stages[0].cut_pictures: Additional properties are not allowed ('siez' was",
        ),
        (
            toy("- {stage: cut_pictures, config: {mode: slow}}"),
            "$.stages[0].config.mode: 'slow' is not one of ['fast', 'ex",
        ),
        (
            toy("- {stage: cut_pictures, retrys: 3}"),
            "$.stages[0]: Additional properties are not allowed ('retrys' was unexp",
        ),
        (toy("- {stage: cut_pictures, reads: {film: clip}}"), "$.stages[0].reads: 'film' is not one of ['clip']"),
        (
            toy("- {stage: cut_pictures, resources: {cpus: -1}}"),
            "$.stages[0].resources.cpus: -1 is less than the minimum of",
        ),
        (toy("- find_names"), "$.stages[0]: 'find_names' is not one of ["),
        (toy("- find_names: {threshold: 3}"), "$.stages[0].find_names: 'names' is a required property"),
        (toy("- {stage: find_names}"), "$.stages[0]: 'config' is a required property"),
        (
            toy("- find_names: {names: [A], tolerance: {letters: -1}}"),
            "$.stages[0].find_names.tolerance.letters: -1 is less",
        ),
        (toy("- {id: sum_up, enabled: false}"), "$.stages[0]: 'stage' is a required property"),
        (
            "extends: toy\nstages:\n  - {enabled: false, retries: 1}\n",
            "$.stages[0]: {'enabled': False, 'retries': 1} has too",
        ),
        (
            "extends: toy\nstages:\n  - cut_pictures: {rate: 99}\n",
            "$.stages[0].cut_pictures.rate: 99 is greater than the max",
        ),
    ],
)
def test_what_is_wrong_is_found_in_its_place(text: str, complaint: str) -> None:
    assert any(found.startswith(complaint) for found in complaints(text)), complaints(text)


def test_fields_are_described_for_the_editor() -> None:
    settings = profile_schema()["$defs"]["cut_pictures.settings"]
    assert settings["properties"]["rate"] == {
        "default": 2,
        "description": "Pictures a second",
        "exclusiveMinimum": 0,
        "maximum": 60,
        "title": "Rate",
        "type": "number",
    }


def test_settings_without_a_schema_are_an_open_mapping() -> None:
    assert complaints(toy("- warm: {anything: 1}")) == []
