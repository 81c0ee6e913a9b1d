"""`@stage`: what a typed function says of itself becomes a definition; what contradicts itself is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stages import Resources, RuntimeContext, StageConfig, StageConfigField, get_stage, stage
from stages.core.datatype import DataType
from stages.core.errors import ContractError, DefinitionError
from tests.unit.harness import run_stage

pytestmark = pytest.mark.usefixtures("own_stages")


class Words(DataType):
    """Words that write themselves."""

    name = "DecoratorWords"

    def __init__(self, *words: str) -> None:
        self.words = words

    def encode(self, blobs: Any) -> Any:
        return list(self.words)

    @classmethod
    def decode(cls, data: Any, blobs: Any) -> Words:
        return cls(*data)


class Letters(Words):
    name = "DecoratorLetters"


class Matching(StageConfig):
    longest: int = 5


def refused(fn: Callable[..., Any], **more: Any) -> str:
    with pytest.raises(DefinitionError) as e:
        stage(**{"writes": ["found"], **more})(fn)
    assert e.value.context["stage"] == fn.__name__
    return str(e.value)


class TestDefinition:
    def test_is_read_off_the_function(self) -> None:
        @stage(label="Match names", category="brands", writes=("found", "left"))
        def match_names(
            words: Words, names: list[str], config: Matching, ctx: RuntimeContext, hint: Words | None = None
        ) -> tuple[Words, list[str]]:
            """Looks for names.

            Each once.
            """
            raise NotImplementedError

        made = match_names.definition
        assert get_stage("match_names") is made
        assert (made.name, made.label, made.category) == ("match_names", "Match names", "brands")
        assert made.description == "Looks for names.\n\nEach once."
        assert made.io.reads == ["words", "names"]
        assert made.io.optional_reads == ["hint"]
        assert made.io.writes == ["found", "left"]
        assert made.read_types == {"words": Words, "hint": Words}
        assert made.write_types == {"found": Words}
        assert made.settings is Matching
        assert made.config_fields == [StageConfigField("longest", "int", 5)]

    def test_has_no_type_where_the_annotation_names_several(self) -> None:
        @stage(writes=["found"])
        def look_twice(words: Words | Letters, hint: Words | Letters | None = None) -> Words | Letters | None:
            return None

        assert (look_twice.definition.read_types, look_twice.definition.write_types) == ({}, {})

    def test_says_little_where_the_function_says_little(self) -> None:
        @stage(writes=["found"])
        def look_around(words):  # type: ignore[no-untyped-def]
            return 1

        made = look_around.definition
        assert (made.label, made.description, made.category) == ("Look around", "", "detection")
        assert (made.read_types, made.write_types, made.config_fields) == ({}, {}, [])
        assert (made.resources, made.retries, made.timeout, made.version, made.pure) == (
            Resources(),
            0,
            None,
            "1",
            True,
        )

    def test_takes_everything_else_as_it_is_given(self) -> None:
        @stage(
            writes=["found"],
            name="look",
            description="Looks.",
            resources=Resources(cpus=2, gpus=0.5, memory=1 << 30, custom={"decoder": 1}),
            retries=3,
            timeout=60,
            version="2026-11",
            pure=False,
            depends=("numpy",),
            pinned=True,
        )
        def look_around(words: Words) -> Words:
            """Not told."""
            return words

        made = get_stage("look")
        assert (made.label, made.description) == ("Look", "Looks.")
        assert made.resources.custom == {"decoder": 1}
        assert (made.retries, made.timeout, made.version, made.pure) == (3, 60, "2026-11", False)
        assert (made.depends, made.pinned) == (("numpy",), True)

    def test_leaves_the_function_a_function(self) -> None:
        @stage(writes=["count"])
        def count_words(words: Words) -> int:
            return len(words.words)

        assert count_words(Words("a", "b")) == 2
        assert count_words.definition.code is count_words


class TestRunning:
    def test_keys_settings_and_context_are_given_by_name(self, tmp_path: Path) -> None:
        @stage(writes=["found", "job"])
        def find_short(ctx: RuntimeContext, words: Words, config: Matching) -> tuple[Words, Any]:
            return Words(*(word for word in words.words if len(word) <= config.longest)), ctx.job_id

        given = {"words": Words("Altamira", "Nord")}
        writes, envelope = run_stage(find_short.definition, {"longest": 4}, given, tmp_path)
        assert writes["found"].words == ("Nord",)
        assert writes["job"] == "test-job"
        assert envelope.settings == {"longest": 4}

    def test_an_optional_key_that_is_absent_leaves_the_functions_default(self, tmp_path: Path) -> None:
        @stage(writes=["count"])
        def count_hints(words: Words, hint: Words = Words("own", "default")) -> int:
            return len(hint.words)

        definition = count_hints.definition
        assert run_stage(definition, {}, {"words": Words()}, tmp_path)[0] == {"count": 2}
        assert run_stage(definition, {}, {"words": Words(), "hint": Words("x")}, tmp_path)[0] == {"count": 1}

    def test_one_write_may_be_a_tuple(self, tmp_path: Path) -> None:
        @stage(writes=["pair"])
        def pair_up(words: Words) -> tuple[Words, Words]:
            return words, words

        assert pair_up.definition.write_types == {}
        first, second = run_stage(pair_up.definition, {}, {"words": Words("a")}, tmp_path)[0]["pair"]
        assert (first.words, second.words) == (("a",), ("a",))

    @pytest.mark.parametrize("annotation", [tuple, Any, None])
    def test_several_writes_need_not_be_annotated(self, annotation: Any, tmp_path: Path) -> None:
        def split(words):  # type: ignore[no-untyped-def]
            return words.words[:1], words.words[1:]

        if annotation is not None:
            split.__annotations__["return"] = annotation
        made = stage(writes=["head", "tail"])(split)
        assert run_stage(made.definition, {}, {"words": Words("a", "b")}, tmp_path)[0] == {"head": ["a"], "tail": ["b"]}

    def test_a_stage_that_writes_nothing(self, tmp_path: Path) -> None:
        @stage(writes=[])
        def just_look(words: Words) -> None:
            return None

        assert run_stage(just_look.definition, {}, {"words": Words()}, tmp_path)[0] == {}

    @pytest.mark.parametrize(
        ("result", "kind"), [((1, 2, 3), "tuple"), ([1, 2], "list"), (None, "NoneType"), ({"head": 1}, "dict")]
    )
    def test_too_many_too_few_or_something_else(self, result: Any, kind: str, tmp_path: Path) -> None:
        @stage(writes=["head", "tail"])
        def split_badly():  # type: ignore[no-untyped-def]
            return result

        with pytest.raises(ContractError) as e:
            run_stage(split_badly.definition, {}, {}, tmp_path)
        assert str(e.value) == (
            f"Stage 'split_badly' must return a tuple of 2 values (head, tail); it returned a {kind}."
        )


class TestRefused:
    def test_parameters_that_name_no_key(self) -> None:
        def look(words: Words, *more: Words) -> Words:
            return words

        assert refused(look) == "Stage 'look': '*more' names no key; name each key that is read."

    def test_parameters_that_cannot_be_given_by_name(self) -> None:
        def look(words: Words, /) -> Words:
            return words

        assert (
            refused(look) == "Stage 'look': 'words' stands before '/', but keys are given by name; leave the '/' out."
        )

    @pytest.mark.parametrize(
        ("annotation", "shown"), [(dict, "<class 'dict'>"), (dict[str, Any], "dict[str, typing.Any]")]
    )
    def test_a_config_without_a_model(self, annotation: Any, shown: str) -> None:
        def look(config: Any) -> Words:
            return Words()

        look.__annotations__["config"] = annotation
        assert refused(look) == f"Stage 'look': annotate 'config' with its model (a StageConfig); it is {shown}."

    def test_as_many_types_as_writes(self) -> None:
        def look() -> tuple[Words, Words]:
            return Words(), Words()

        assert refused(look, writes=["a", "b", "c"]) == (
            "Stage 'look': writes 3 keys (a, b, c) but is annotated to return "
            "tuple[tests.unit.test_decorator.Words, tests.unit.test_decorator.Words]; annotate a tuple of 3."
        )

    @pytest.mark.parametrize("annotation", [Words, dict, tuple[Words, ...]])
    def test_several_writes_from_what_is_no_tuple_of_them(self, annotation: Any) -> None:
        def look() -> Any: ...

        look.__annotations__["return"] = annotation
        assert refused(look, writes=["a", "b"]).startswith("Stage 'look': writes 2 keys (a, b) but is annotated to")

    def test_a_name_that_is_not_there(self) -> None:
        class Local(DataType):
            name = "DecoratorLocal"

        def look(words: Local) -> Words:
            return Words()

        assert refused(look) == "Stage 'look': an annotation cannot be resolved: name 'Local' is not defined."

    def test_writes_given_as_a_text(self) -> None:
        def look() -> Words:
            return Words()

        assert refused(look, writes="found") == "Stage 'look': 'writes' is a list of keys: write writes=['found']."
