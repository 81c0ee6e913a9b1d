"""The errors: one tree, as its docstring draws it; for programs and for people; they can cross processes."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.connections import connections
from flows.load import parse_profile
from flows.settings import Settings
from stages.core import errors
from stages.core.blobs import blobs
from stages.core.errors import (
    ContractError,
    InputError,
    ProfileError,
    ServiceUnreachable,
    StagewrightError,
    StoreUnreachable,
    UnknownStage,
    UsageError,
    WorkerLost,
)
from stages.core.state import UndeclaredRead
from stages.datatypes import Frames, Video
from stages.documents.faults import Fault


def tree(kind: type[StagewrightError]) -> Iterator[type[StagewrightError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


OURS = ("stages", "flows", "deployments")
ALL = [kind for kind in dict.fromkeys(tree(StagewrightError)) if kind.__module__.split(".")[0] in OURS]
DRAWN = [kind for kind in ALL if kind.__module__ == errors.__name__]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
contexts = st.dictionaries(st.sampled_from(["stage", "field", "key", "uri", "profile", "faults"]), json_values)


def test_the_docstring_draws_the_tree_as_it_is() -> None:
    parents: list[str] = []
    drawn = {}
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"    ([│├└─ ]*)([A-Z]\w+)", line):
            depth = len(match[1]) // 4
            parents[depth:] = [match[2]]
            drawn[match[2]] = parents[depth - 1] if depth else "Exception"
    assert drawn == {kind.__name__: kind.__base__.__name__ for kind in DRAWN}  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
@given(message=st.text(), context=contexts)
@settings(max_examples=15)
def test_every_error_survives_pickling(kind: type[StagewrightError], message: str, context: dict[str, Any]) -> None:
    error = kind(message, **context)
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(again) is kind
        assert str(again) == again.message == message
        assert again.args == (message,)
        assert again.context == context


def test_a_profile_error_takes_its_faults_along() -> None:
    fault = Fault("is required", "read_text", "config.brands", "toy.yaml", 7)
    again = pickle.loads(pickle.dumps(ProfileError("1 fault", faults=[fault])))
    assert again.context["faults"] == [fault]


def test_only_what_may_go_away_by_itself_is_transient() -> None:
    assert {kind for kind in ALL if kind.transient} == {StoreUnreachable, ServiceUnreachable, WorkerLost}


def test_exit_codes() -> None:
    """1 a stage failed, 2 wrong use or wrong input, 3 a service cannot be used."""
    by_code: dict[int, set[str]] = {}
    for kind in DRAWN:
        by_code.setdefault(kind.exit_code, set()).add(kind.__name__)
    wrong_use = {"DefinitionError", "UnknownStage", "UsageError", "ProfileError", "PluginError", "UnknownAction"}
    assert by_code[2] == wrong_use | {"InputError"}
    assert by_code[3] == {kind.__name__ for kind in DRAWN if issubclass(kind, errors.ServiceError)}
    assert by_code[1] == {kind.__name__ for kind in DRAWN} - by_code[2] - by_code[3]


def test_key_errors_print_their_message_and_not_its_repr() -> None:
    for kind in (UnknownStage, UndeclaredRead):
        assert issubclass(kind, KeyError)
        assert str(kind("There is no 'x'.")) == "There is no 'x'."


class TestMessagesOfOtherRooms:
    """Each kind of error that stages.core itself does not raise, once; the others stand in the tests of their files."""

    def test_input_error(self, tmp_path: Path) -> None:
        with pytest.raises(InputError) as e:
            Video.from_address(str(tmp_path / "film.mp4"))
        assert str(e.value) == f"{tmp_path}/film.mp4 is not there. Check the path."
        assert e.value.context == {"uri": f"{tmp_path}/film.mp4"}

    def test_usage_error(self) -> None:
        with pytest.raises(UsageError, match="cannot be given") as e:
            Frames.from_address("x")
        assert str(e.value) == "A Frames cannot be given as an input of a job."
        assert e.value.context == {"type": "Frames"}

    def test_profile_error(self) -> None:
        with pytest.raises(ProfileError) as e:
            parse_profile("name: toy\nstages: 3\n", "toy.yaml")
        first, second, *_ = str(e.value).splitlines()
        assert first.startswith("Profile 'toy' has ")
        assert second == "  toy.yaml:2: field 'stages': found 3, expected a list; put '- ' before each entry"
        assert str(e.value.context["faults"][0]) == second.strip()

    def test_service_unreachable(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("STAGEWRIGHT_S3_BUCKET", "PREFECT_API_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("STAGEWRIGHT_HOME", str(tmp_path))
        with pytest.raises(ServiceUnreachable) as e:
            connections(Settings())
        assert str(e.value) == (
            "No object store and Prefect server: nothing is named by settings and nothing was started in "
            f"{tmp_path}. Start local services with `stagewright up`, or set STAGEWRIGHT_S3_BUCKET and PREFECT_API_URL."
        )

    def test_contract_error_outside_of_a_stage(self) -> None:
        with pytest.raises(ContractError) as e:
            blobs()
        assert str(e.value) == (
            "stages.blobs() is only there inside a stage's function, serialize_fn or deserialize_fn."
        )
