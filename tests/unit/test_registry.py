"""Registering stages: what is refused, and in which words; finding them again."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from stages import DetectState, StageDefinition, StageIO, get_palette, get_stage, list_stages, register_stage
from stages.core.datatype import DataType
from stages.core.errors import DefinitionError, UnknownStage

pytestmark = pytest.mark.usefixtures("own_stages")


class RegistryPicture(DataType):
    """Says neither how to write nor how to read itself."""


class RegistryNumber(DataType):
    """Writes itself."""

    def encode(self, blobs: Any) -> Any:
        return 1

    @classmethod
    def decode(cls, data: Any, blobs: Any) -> RegistryNumber:
        return cls()


def nothing(state: DetectState) -> dict[str, Any]:
    return {}


def define(
    name: str = "look", reads: tuple[str, ...] = (), writes: tuple[str, ...] = (), **more: Any
) -> StageDefinition:
    io = StageIO(list(reads), list(writes), list(more.pop("optional_reads", [])))
    return StageDefinition(name, name.capitalize(), "", io, **{"fn": nothing, **more})


def refused(*args: Any, **more: Any) -> str:
    with pytest.raises(DefinitionError) as e:
        register_stage(define(*args, **more))
    assert e.value.context["stage"] == (args[0] if args else "look")
    return str(e.value)


class TestFinding:
    def test_a_registered_stage_is_found_by_name(self) -> None:
        made = register_stage(define("look_closely"))
        assert get_stage("look_closely") is made
        assert made in list_stages()

    def test_stages_are_listed_by_name(self) -> None:
        names = [definition.name for definition in list_stages()]
        assert names == sorted(names)
        shipped = {"extract_frames", "find_text", "follow_text", "read_text", "match_brands", "track_exposures"}
        assert shipped <= set(names)

    def test_the_palette_sorts_them_into_categories(self) -> None:
        for name, category in (("zoom", "looking"), ("glance", "looking"), ("listen", "hearing")):
            register_stage(define(name, category=category))
        palette = get_palette()
        assert [definition.name for definition in palette["looking"]] == ["glance", "zoom"]
        assert [definition.name for definition in palette["hearing"]] == ["listen"]
        assert list(palette) == sorted(palette)

    def test_a_stage_of_no_category_is_a_detection(self) -> None:
        assert define().category == "detection"

    def test_an_unknown_stage_is_named_with_the_nearest_and_all_there_are(self) -> None:
        with pytest.raises(UnknownStage) as e:
            get_stage("extract-frame")
        assert str(e.value).startswith("There is no stage 'extract-frame'; did you mean 'extract_frames'? There are: ")
        named = str(e.value).partition("There are: ")[2].rstrip(".").split(", ")
        assert {"match_brands", "read_text"} <= {*named}
        assert named == sorted(named)
        assert e.value.context == {"stage": "extract-frame"}

    def test_and_is_a_key_error(self) -> None:
        with pytest.raises(KeyError, match=r"^There is no stage 'xyzzy'\. There are: "):
            get_stage("xyzzy")


class TestTwoOfOneName:
    def test_another_function_is_refused(self) -> None:
        def elsewhere(state: DetectState) -> dict[str, Any]:
            return {}

        elsewhere.__module__ = "their.stages"
        first = register_stage(define())
        assert refused(fn=elsewhere) == (
            "Stage 'look': their.stages brings a stage of this name, and so did tests.unit.test_registry; "
            "rename one of the two."
        )
        assert get_stage("look") is first

    def test_the_same_function_again_replaces_itself_as_when_its_module_is_loaded_anew(self) -> None:
        register_stage(define())
        again = register_stage(define(version="2"))
        assert get_stage("look") is again

    def test_lambdas_are_told_apart_by_their_lines(self) -> None:
        register_stage(define(fn=lambda state: {}))
        assert "brings a stage of this name" in refused(fn=lambda state: {"other": 1})

    def test_partials_say_nothing_of_where_they_are_from_and_are_never_the_same(self) -> None:
        register_stage(define(fn=partial(nothing)))
        assert "brings a stage of this name" in refused(fn=partial(nothing))


class TestNamesAndFunctions:
    @pytest.mark.parametrize(
        "name",
        ["", "read-text", "read text", "2look", "../look", ".look", "look.", "a.b.look", "a/b.look", "a.look-up"],
    )
    def test_a_name_is_an_identifier(self, name: str) -> None:
        assert refused(name) == (
            f"Stage {name!r}: its name must be an identifier (letters, digits, '_'), since profiles refer to it."
        )

    def test_a_stage_without_a_function(self) -> None:
        assert refused(fn=None) == "Stage 'look': fn must be a function of the state; it is None."

    @pytest.mark.parametrize("half", ["serialize_fn", "deserialize_fn"])
    def test_half_a_serialiser(self, half: str) -> None:
        assert refused(**{half: lambda data, job_id: {}}) == (
            "Stage 'look': serialize_fn and deserialize_fn go together; one is missing."
        )


class TestKeys:
    def test_a_key_is_an_identifier(self) -> None:
        assert refused(reads=("the frames",)) == "Stage 'look': reads the key 'the frames', which is not an identifier."
        assert refused(writes=("a/b",)) == "Stage 'look': writes the key 'a/b', which is not an identifier."
        assert refused(optional_reads=(3,)) == "Stage 'look': reads the key 3, which is not an identifier."

    def test_a_key_twice(self) -> None:
        assert refused(writes=("text", "text")) == "Stage 'look': writes the key 'text' twice."

    def test_a_key_is_required_or_optional_and_not_both(self) -> None:
        assert refused(reads=("text",), optional_reads=("text",)) == "Stage 'look': reads the key 'text' twice."

    def test_a_stage_may_rewrite_a_key(self) -> None:
        register_stage(define(reads=("text",), writes=("text",)))

    def test_a_stage_may_read_and_write_nothing(self) -> None:
        assert register_stage(define()).all_reads == []


class TestTypes:
    def test_a_type_that_cannot_write_itself(self) -> None:
        assert refused(writes=("picture",), write_types={"picture": RegistryPicture}) == (
            "Stage 'look': writes 'picture' as RegistryPicture, which cannot write itself: it lacks encode or decode."
        )
        assert refused(reads=("picture",), read_types={"picture": RegistryPicture}) == (
            "Stage 'look': reads 'picture' as RegistryPicture, which cannot write itself: it lacks encode or decode."
        )

    def test_may_be_written_by_the_stage_itself(self) -> None:
        own = {"serialize_fn": lambda state, job_id: {}, "deserialize_fn": lambda data, job_id: {}}
        register_stage(define(writes=("picture",), write_types={"picture": RegistryPicture}, **own))

    def test_a_type_of_a_key_that_is_not_declared(self) -> None:
        assert refused(writes=("number",), write_types={"numbr": RegistryNumber}) == (
            "Stage 'look': declares a type for 'numbr', which it does not declare among its writes."
        )
        assert refused(writes=("number",), read_types={"number": RegistryNumber}) == (
            "Stage 'look': declares a type for 'number', which it does not declare among its reads."
        )

    def test_types_of_one_name_in_two_places_are_refused_when_they_are_defined(self) -> None:
        with pytest.raises(DefinitionError) as e:
            type("RegistryNumber", (DataType,), {"__module__": "their.types"})
        assert str(e.value) == (
            "Data type 'RegistryNumber' of their.types has the name of one of tests.unit.test_registry; rename one."
        )


def test_what_is_refused_is_not_registered() -> None:
    refused("half_a_stage", fn=None)
    with pytest.raises(UnknownStage):
        get_stage("half_a_stage")


class TestSettingsThatNoKeyTells:
    def refuse(self, model: type[BaseModel]) -> str:
        return refused(config_model=model)

    def test_a_field_left_out_of_what_is_written(self) -> None:
        class Hidden(BaseModel):
            strength: int = Field(1, exclude=True)

        assert "field 'strength': it is left out where settings are written" in self.refuse(Hidden)

    def test_a_secret_also_deep_inside(self) -> None:
        class Inner(BaseModel):
            key: SecretStr | None = None

        class Outer(BaseModel):
            servers: dict[str, list[Inner]] = {}

        said = self.refuse(Outer)
        assert "field 'servers'" in said
        assert "secrets come by the environment" in said

    def test_a_model_that_holds_itself_is_looked_through_once(self) -> None:
        class Tree(BaseModel):
            label: str = ""
            parts: list[Tree] = []

        Tree.model_rebuild(_types_namespace={"Tree": Tree})
        register_stage(define(config_model=Tree))
