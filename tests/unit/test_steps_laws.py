"""Laws of steps, for whatever steps there are: the way back, the progress, and the registry against a plain list."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.steps import StepFailed, StepRegistry, UnfitStep, UnknownStep
from tests.unit.desk import Desk, Note, raising, registry_of, run
from tests.unit.harness import make_context

WAYS = ("finishes", "finishes, cannot be undone", "skipped", "fails", "fails, asks to be undone")
weights = st.one_of(st.just(0.0), st.integers(0, 5), st.floats(0, allow_infinity=False))


def step_of(place: int, way: str) -> Note:
    return Note(
        f"s{place}",
        raising(ValueError("no")) if way.startswith("fails") else lambda desk: None,
        skip=way == "skipped",
        undo=raising(OSError("stuck")) if "cannot" in way else lambda desk: None,
        undo_own_failure="asks" in way,
    )


@given(st.lists(st.sampled_from(WAYS), max_size=8))
def test_what_is_undone_is_what_was_done_in_reverse(ways: list[str]) -> None:
    desk, steps = Desk(make_context()), [step_of(place, way) for place, way in enumerate(ways)]
    end = next((place for place, way in enumerate(ways) if way.startswith("fails")), None)
    reached = list(enumerate(ways))[: None if end is None else end + 1]
    forth = [f"s{place}" for place, way in reached if way != "skipped"]
    back = [] if end is None else [f"s{p}" for p, way in reached if way.startswith("finishes") or "asks" in way][::-1]
    if end is None:
        assert run(*steps, desk=desk)[0]["steps_executed"] == len(forth)
    else:
        with pytest.raises(StepFailed) as e:
            run(*steps, desk=desk)
        stuck = {f"s{place}" for place, way in reached if "cannot" in way}
        assert e.value.context["step"] == f"s{end}"
        assert e.value.context["rolled_back"] == [name for name in back if name not in stuck]
        assert set(e.value.context["not_rolled_back"]) == stuck
        assert len(desk.errors) == 1 + len(stuck)
    assert desk.done == forth + [f"-{name}" for name in back]
    assert [result.skipped for result in desk.step_results] == [way == "skipped" for _, way in reached]


@given(st.lists(st.tuples(weights, st.booleans(), st.lists(st.tuples(st.floats(), st.floats()), max_size=3))))
def test_progress_never_goes_back_and_ends_at_100(drawn: list[tuple[float, bool, list[tuple[float, float]]]]) -> None:
    def telling(parts: list[tuple[float, float]]) -> Any:
        def tell(desk: Desk) -> None:
            for part in parts:
                desk.set_progress(*part)

        return tell

    steps = [Note(f"s{n}", telling(parts), weight=w, skip=skip) for n, (w, skip, parts) in enumerate(drawn)]
    told = run(*steps)[2]
    figures = [current for current, _ in told]
    assert {total for _, total in told} == {100}
    assert all(type(figure) is int and 0 <= figure <= 100 for figure in figures)
    assert figures == sorted(figures)
    assert figures.index(100) == len(figures) - 1
    assert len(figures) >= len(steps)


@given(st.lists(st.integers(1, 9), min_size=1))
def test_progress_is_the_share_of_the_weight(whole: list[int]) -> None:
    told = run(*[Note(f"s{n}", weight=weight) for n, weight in enumerate(whole)])[2]
    assert told == [(100 * sum(whole[: n + 1]) // sum(whole), 100) for n in range(len(whole))]


names = st.sampled_from("abcdef")
changes = st.lists(
    st.tuples(st.sampled_from(["register", "unregister", "insert_before", "insert_after"]), names, names), max_size=20
)


def changed(model: list[str], change: str, name: str, anchor: str) -> list[str] | None:
    """What a plain list of names becomes, or None where the change is to be refused."""
    if change == "unregister":
        return [known for known in model if known != name] if name in model else None
    if name in model or (change != "register" and anchor not in model):
        return None
    place = len(model) if change == "register" else model.index(anchor) + (change == "insert_after")
    return [*model[:place], name, *model[place:]]


@given(changes)
def test_a_registry_is_a_list_of_distinct_names(asked: list[tuple[str, str, str]]) -> None:
    registry, model = StepRegistry[Desk](), list[str]()
    for change, name, anchor in asked:
        arguments: list[Any] = [name] if change == "unregister" else [Note(name, weight=ord(name))]
        arguments = [anchor, *arguments] if change.startswith("insert") else arguments
        after = changed(model, change, name, anchor)
        if after is None:
            with pytest.raises((UnknownStep, UnfitStep)):
                getattr(registry, change)(*arguments)
        else:
            getattr(registry, change)(*arguments)
            model = after
        assert [step.name for step in registry.get_steps()] == model
        assert registry.total_weight == sum(map(ord, model))


class TestRegistry:
    def test_its_list_is_a_copy(self) -> None:
        registry = registry_of(Note("a"))
        registry.get_steps().clear()
        assert [step.name for step in registry.get_steps()] == ["a"]
        assert StepRegistry[Desk]().total_weight == 0

    def test_an_unknown_name_is_told_with_those_there_are(self) -> None:
        registry = registry_of(Note("download"), Note("unpack"))
        for change in (
            lambda: registry.unregister("downlaod"),
            lambda: registry.insert_before("downlaod", Note("x")),
            lambda: registry.insert_after("downlaod", Note("x")),
        ):
            with pytest.raises(KeyError) as e:
                change()
            assert str(e.value) == (
                "There is no step 'downlaod'; did you mean 'download'? There are: download, unpack."
            )
            assert e.value.context == {"step": "downlaod"}  # type: ignore[attr-defined]

    def test_a_name_that_is_taken(self) -> None:
        registry = registry_of(Note("download"), Note("unpack"))
        for change in (
            lambda: registry.register(Note("unpack")),
            lambda: registry.insert_before("download", Note("unpack")),
        ):
            with pytest.raises(ValueError, match=r"^There is a step 'unpack' already; rename one of the two\. ") as e:
                change()
            assert str(e.value).endswith("There are: download, unpack.")

    @pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), "1", None, True], ids=repr)
    def test_a_weight_that_is_none(self, weight: Any) -> None:
        with pytest.raises(UnfitStep) as e:
            registry_of(Note("a", weight=weight))
        assert str(e.value) == f"Step 'a' has the progress_weight {weight!r}; expected a finite number, 0 or more."

    @pytest.mark.parametrize("name", ["", None, 3])
    def test_a_name_that_is_none(self, name: Any) -> None:
        with pytest.raises(UnfitStep, match=r"^The step Note has the name .*; expected a text"):
            registry_of(Note(name))

    @pytest.mark.parametrize("step", [Note, None, "a"])
    def test_what_is_no_step(self, step: Any) -> None:
        with pytest.raises(UnfitStep, match="expected an instance of a class that derives from BaseStep"):
            registry_of(step)
