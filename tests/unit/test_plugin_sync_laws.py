"""Whatever a config looks like: a sync keeps what it finds, and done again does nothing."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.plugins.check import check_plugin
from stages.plugins.config_sync import sync_config
from tests.unit.words_plugin import ACTION, write

NAMES = ["alpha", "beta", "gamma", "null", "on", "ünder"]
comments = st.sampled_from(["", "  # a note", " #"])
indents = st.sampled_from([1, 2, 4])


@st.composite
def plugins(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A config in some layout, with entries that are right, moved, gone or not yet said, and the files beside it."""
    files = {
        f"m_{n}.py": ACTION.format("A", f"    action_name = {name!r}\n    input_type = 'Frames'\n")
        for n, name in enumerate(draw(st.lists(st.sampled_from(NAMES), unique=True)))
    }
    step, entry = " " * draw(indents), " " * draw(indents)
    points = st.sampled_from(["m_0:A", "m_1.A", "m_9:Gone", "'m_0:Gone'", '"x:Y"', "", "{}", "os:system"])
    lines = [f"name: W{draw(comments)}", "code: w"]
    listed = draw(st.lists(st.sampled_from(NAMES), unique=True))
    if listed or draw(st.booleans()):
        lines.append(f"actions:{draw(comments)}")
    for name in listed:
        lines.append(f"{step}{name}:{draw(comments)}")
        if point := draw(points):
            lines.append(
                f"{step}{entry}entrypoint:   {point}{draw(comments)}" if point != "{}" else f"{step}{entry}{{}}"
            )
        if point and point != "{}" and draw(st.booleans()):
            lines += [f"{step}{entry}method:  serve", f"{step}{entry}# about {name}"]
        lines += [""] * draw(st.integers(0, 1))
    lines += draw(st.sampled_from([[], ["# end"], ["note: 'kept'", ""], ["env: {A:  1}"]]))
    text = draw(st.sampled_from(["\n", "\r\n"])).join(lines)
    return text + draw(st.sampled_from(["", "\n"])), files


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(plugin=plugins())
def test_a_sync_keeps_what_it_finds_and_done_again_does_nothing(
    plugin: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    text, files = plugin
    folder = tmp_path_factory.mktemp("plugin")
    for name, code in files.items():
        (folder / name).write_text(code)
    file = write(folder, text)
    report = sync_config(folder)
    new = file.read_bytes().decode()
    again = sync_config(folder)
    assert (again.added, again.mended, again.changed) == ((), (), False)
    assert again.without_code == report.without_code
    assert file.read_bytes().decode() == new
    assert (new != text) == report.changed == bool(report.added or report.mended)
    lost = [line[2:].strip() for line in difflib.ndiff(text.splitlines(), new.splitlines()) if line[0] == "-"]
    assert len(lost) <= len(report.mended)
    assert all(line.startswith(("entrypoint:", "{}")) or line.partition(":")[0] in report.mended for line in lost)
    assert not any("is not in the config" in fault.message for fault in check_plugin(folder))
