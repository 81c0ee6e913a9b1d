"""A plugin's environment: where settings come from, how they are read, and that no secret is shown."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.environment import MissingVariable, PluginEnvironment, WrongVariable
from stages.core.errors import StagewrightError, UsageError

READERS = ["get_str", "get_int", "get_float", "get_bool", "get_list"]

keys = st.sampled_from(["A", "B", "C", "D"])
texts = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))
values = texts | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.lists(texts, max_size=3)
origins = st.sampled_from(["file a.toml", "file b.toml", "the plugin's config"])
environments = st.builds(
    lambda held, source: PluginEnvironment(held, source=source), st.dictionaries(keys, values), origins
)


def where_from(env: PluginEnvironment) -> dict[str, tuple[Any, str]]:
    return {key: (env.get(key), env.source(key)) for key in ["A", "B", "C", "D"]}


class TestMapping:
    def test_it_is_a_dict(self) -> None:
        env = PluginEnvironment({"KEY": "value"})
        assert isinstance(env, dict)
        assert env.get("KEY") == env["KEY"] == "value"
        assert env.get("OTHER") is None
        assert dict(env) == env == {"KEY": "value"}
        assert json.loads(json.dumps(env)) == env

    def test_it_is_made_as_a_dict_is(self) -> None:
        first = PluginEnvironment({"A": 1, "B": 2}, source="file x.toml")
        env = PluginEnvironment(first, B=3, values=4, self=5)
        assert env == dict(first, B=3, values=4, self=5) == {"A": 1, "B": 3, "values": 4, "self": 5}
        assert (env.source("A"), env.source("B")) == ("file x.toml", "what the code put in")
        assert PluginEnvironment(A="1", source="file y.toml").source("A") == "file y.toml"
        assert PluginEnvironment([("A", 1)], B=2) == {"A": 1, "B": 2}

    def test_no_value_shows_by_itself(self) -> None:
        env = PluginEnvironment({"API_KEY": "hunter2", "LEAST": "5"})
        for shown in (repr(env), str(env), f"{env}", repr([env])):
            assert "API_KEY, LEAST" in shown
            assert "hunter2" not in shown
            assert "5" not in shown

    @given(environments)
    def test_copies_know_the_same(self, env: PluginEnvironment) -> None:
        copies = [
            env.copy(),
            copy.copy(env),
            copy.deepcopy(env),
            pickle.loads(pickle.dumps(env)),
            PluginEnvironment(env),
        ]
        for again in copies:
            assert type(again) is PluginEnvironment
            assert where_from(again) == where_from(env)
            again["A"] = "of the copy"
        assert env.get("A") != "of the copy"

    def test_what_is_put_in_by_hand_no_longer_comes_from_the_file(self) -> None:
        env = PluginEnvironment({"A": 1, "B": 2, "C": 3}, source="file x.toml")
        env["A"] = "x"
        env.update(B="y", D="z")
        env |= {"C": "w"}
        assert env.setdefault("A", 5) == "x"
        assert {env.source(key) for key in "ABCD"} == {"what the code put in"}
        with pytest.raises(UsageError, match=r"'C' \(what the code put in\) is 'w'"):
            env.get_int("C")


class TestMerge:
    def test_the_later_wins_and_neither_changes(self) -> None:
        first = PluginEnvironment({"A": "1", "B": "1"}, source="file a.toml")
        second = PluginEnvironment({"B": "2", "C": "2"}, source="file b.toml")
        both = first.merge(second)
        assert both == {"A": "1", "B": "2", "C": "2"}
        assert [both.source(key) for key in "ABC"] == ["file a.toml", "file b.toml", "file b.toml"]
        assert (first, second) == ({"A": "1", "B": "1"}, {"B": "2", "C": "2"})

    def test_a_plain_mapping_merges_from_either_side(self) -> None:
        env = PluginEnvironment({"A": "1"}, source="file a.toml")
        assert type(env | {"A": "2"}) is type({"A": "2"} | env) is PluginEnvironment
        assert (env | {"A": "2"}, {"A": "2"} | env) == ({"A": "2"}, {"A": "1"})

    @given(environments, environments, environments)
    def test_merging_is_associative(self, a: PluginEnvironment, b: PluginEnvironment, c: PluginEnvironment) -> None:
        assert where_from(a.merge(b).merge(c)) == where_from(a.merge(b.merge(c)))

    @given(environments)
    def test_merging_with_itself_changes_nothing(self, env: PluginEnvironment) -> None:
        assert where_from(env.merge(env)) == where_from(env)

    @given(environments, environments)
    def test_every_value_is_that_of_the_last_who_has_it(self, a: PluginEnvironment, b: PluginEnvironment) -> None:
        merged = a.merge(b)
        assert merged == {**a, **b}
        assert all(merged.source(key) == (b if key in b else a).source(key) for key in merged)


class TestFromEnviron:
    def test_the_prefix_is_cut_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PLUGIN_LEAST", "5")
        monkeypatch.setenv("PLUGIN_", "nameless")
        monkeypatch.setenv("LEAST", "6")
        env = PluginEnvironment.from_environ()
        assert env.get_int("LEAST") == 5
        assert "" not in env
        assert env.source("LEAST") == "variable PLUGIN_LEAST of the environment"

    def test_an_empty_prefix_takes_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WORDS_LEAST", "5")
        assert PluginEnvironment.from_environ("").get_int("WORDS_LEAST") == 5
        assert PluginEnvironment.from_environ("WORDS_") == {"LEAST": "5"}


class TestFromFile:
    def test_tables_give_their_name(self, tmp_path: Path) -> None:
        file = tmp_path / "x.toml"
        file.write_text("rate = 0.5\nsizes = [1, 2]\n[cache]\nsize = 3\n[cache.disk]\non = true\n[env]\nWORD = 'a'\n")
        env = PluginEnvironment.from_file(file)
        assert env == {"rate": 0.5, "sizes": [1, 2], "cache_size": 3, "cache_disk_on": True, "WORD": "a"}
        assert env.source("cache_size") == f"file {file}"

    @pytest.mark.parametrize(
        ("content", "line", "problem"),
        [
            (b"a = 1\nb = = 2\n", 2, "is no TOML: Invalid value"),
            (b"a = 1\n\na = 2\n", 3, "is no TOML: Cannot overwrite a value"),
            (b"a = 1\nb = " + b"9" * 5000, 2, "holds a number of too many digits"),
            (b"a = 1\nb = [1,", 2, "is no TOML"),
            (b"a = 1\nb = '\xff'\n", 2, "is not UTF-8"),
            (b"a = 1\n[[b]]\nc = 2\n", 2, "'b' is a list of tables"),
            (b"a = 1\nb_c = 1\n[b]\nc = 2\n", 4, "'b_c' is there twice"),
        ],
    )
    def test_faults_name_file_and_line(self, tmp_path: Path, content: bytes, line: int, problem: str) -> None:
        file = tmp_path / "x.toml"
        file.write_bytes(content)
        with pytest.raises(UsageError) as e:
            PluginEnvironment.from_file(file)
        assert str(e.value).startswith(f"{file}:{line}: {problem}")
        assert e.value.context == {"file": str(file), "line": line}

    def test_a_bomb_of_brackets(self, tmp_path: Path) -> None:
        (tmp_path / "x.toml").write_text("a = " + "[" * 100_000)
        with pytest.raises(UsageError, match="nested too deeply"):
            PluginEnvironment.from_file(tmp_path / "x.toml")

    def test_a_file_that_is_not_there_or_is_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"x\.toml is not there; expected a TOML file"):
            PluginEnvironment.from_file(tmp_path / "x.toml")
        with pytest.raises(UsageError, match="cannot be read: Is a directory"):
            PluginEnvironment.from_file(tmp_path)

    @given(held=st.dictionaries(keys, texts | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.lists(texts)))
    def test_what_is_written_is_read(self, tmp_path_factory: pytest.TempPathFactory, held: dict[str, Any]) -> None:
        file = tmp_path_factory.getbasetemp() / "held.toml"
        file.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in held.items()))
        assert PluginEnvironment.from_file(file) == held


class TestReading:
    @pytest.mark.parametrize("reader", READERS)
    def test_what_is_missing_names_key_and_source(self, reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("PLUGIN_LEAST", raising=False)
        env = PluginEnvironment({"LEASTS": 1}, source="file x.toml").merge(PluginEnvironment.from_environ())
        with pytest.raises(MissingVariable) as e:
            getattr(env, reader)("LEAST")
        assert str(e.value) == (
            "The setting 'LEAST' is missing; looked for in: variable PLUGIN_LEAST of the environment; file x.toml. "
            "Set it there. Did you mean 'LEASTS'?"
        )
        assert isinstance(e.value, StagewrightError)
        assert isinstance(e.value, KeyError)
        assert e.value.context["key"] == "LEAST"
        assert str(pickle.loads(pickle.dumps(e.value))) == str(e.value)
        assert getattr(env, reader)("LEAST", default=None) is None
        assert getattr(env, reader)("LEAST", "a default") == "a default"

    def test_nothing_said_of_where_values_come_from(self) -> None:
        with pytest.raises(KeyError, match="what the plugin's config and the environment give"):
            PluginEnvironment().get_str("A")

    @pytest.mark.parametrize(
        ("reader", "value", "expected"),
        [
            ("get_str", "a", "a"), ("get_str", 5, "5"), ("get_str", True, "true"), ("get_str", "", ""),
            ("get_int", "5", 5), ("get_int", " -5 ", -5), ("get_int", 5, 5),
            ("get_float", "0.5", 0.5), ("get_float", "1e3", 1000.0), ("get_float", 5, 5.0), ("get_float", "5", 5.0),
            ("get_bool", "TRUE", True), ("get_bool", "1", True), ("get_bool", "Yes", True), ("get_bool", "on", True),
            ("get_bool", "False", False), ("get_bool", "0", False), ("get_bool", "NO", False),
            ("get_bool", "off", False),
            ("get_bool", True, True), ("get_bool", False, False), ("get_bool", 1, True), ("get_bool", 0, False),
            ("get_list", " a, b ,,c, ", ["a", "b", "c"]), ("get_list", "", []), ("get_list", ["a,b", 1], ["a,b", 1]),
        ],
    )  # fmt: skip
    def test_what_reads_as_what(self, reader: str, value: Any, expected: Any) -> None:
        found = getattr(PluginEnvironment({"X": value}), reader)("X")
        assert (found, type(found)) == (expected, type(expected))

    @pytest.mark.parametrize(
        ("reader", "value", "expected"),
        [
            ("get_int", value, "a whole number")
            for value in ["5.5", 5.0, True, "", "five", "1_0", "٥", None, [5], "9" * 5000]
        ]
        + [
            ("get_float", value, "a finite number")
            for value in ["nan", "inf", float("nan"), True, "", "1e999", 10**400]
        ]
        + [("get_bool", value, "true or false") for value in ["", "2", 2, "ja", None, 1.0, []]]
        + [("get_list", value, "a list, or text with commas") for value in [5, None, {"a": 1}]]
        + [("get_str", value, "text") for value in [None, ["a"], {"a": 1}]],
    )
    def test_what_does_not_read(self, reader: str, value: Any, expected: str) -> None:
        env = PluginEnvironment({"X": value}, source="file x.toml")
        with pytest.raises(UsageError, match=rf"The setting 'X' \(file x.toml\) is .*; expected {expected}") as e:
            getattr(env, reader)("X", default=None)
        assert isinstance(e.value, ValueError)
        assert not isinstance(e.value, KeyError)
        assert isinstance(pickle.loads(pickle.dumps(e.value)), WrongVariable)
        assert e.value.context == {"key": "X", "source": "file x.toml"}
        assert len(str(e.value)) < 200

    def test_a_short_and_harmless_value_is_shown(self) -> None:
        with pytest.raises(WrongVariable, match=r"'LEAST' \(what .*\) is 'five'; expected a whole number, such as 5\."):
            PluginEnvironment({"LEAST": "five"}).get_int("LEAST")

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("API_KEY", "hunter2"), ("db_password", "hunter2"), ("GITHUB_TOKEN", "hunter2"),
            ("client_secret", ["hunter2"]),
            ("URL", "postgres://me:hunter2@db"), ("X", "hunter2" * 3), ("X", "-----BEGIN hunter2"),
            ("X", {"password": "hunter2"}), ("X", ["hunter2"]),
            ("X", "all the words of hunter2, and still more of them"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("reader", ["get_int", "get_float", "get_bool"])
    def test_what_may_be_a_secret_is_not(self, reader: str, key: str, value: Any) -> None:
        with pytest.raises(UsageError, match="a value that is not shown") as e:
            getattr(PluginEnvironment({key: value}), reader)(key)
        assert "hunter2" not in f"{e.value}{e.value.context}"

    @given(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
    def test_written_as_text_it_is_read_as_itself(self, whole: int, number: float, flag: bool) -> None:
        env = PluginEnvironment({"WHOLE": str(whole), "NUMBER": repr(number), "FLAG": str(flag)})
        assert (env.get_int("WHOLE"), env.get_float("NUMBER"), env.get_bool("FLAG")) == (whole, number, flag)

    @given(st.lists(texts.map(lambda item: item.replace(",", "").strip()).filter(bool)))
    def test_a_list_goes_through_a_variable(self, items: list[str]) -> None:
        assert PluginEnvironment({"ITEMS": ", ".join(items)}).get_list("ITEMS") == items
