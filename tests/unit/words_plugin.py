"""A plugin to bring a config up to."""

from __future__ import annotations

from pathlib import Path

ACTION = "from stages.plugins import BaseAction\nclass {}Action(BaseAction[int]):\n{}    def execute(self): ...\n"

ODD = """\
# A plugin with opinions about layout.
name:   'Words'        # two spaces, and single quotes
code: "words"
tasks:
    - image.object_detection
    - image.ocr    # an indented list
env: {A: 1,B:   2}
mystery: [kept,
          as it is]

actions:
    count:
        entrypoint:    "plugin.cuont:CountAction"     # moved since
        method: job
        # a note at the end of count

    gone: {entrypoint: plugin.nowhere:GoneAction, method: serve}
    # a note at the end of the actions

# The rest.
runtime_env:
    pip:   ["x>=1",  'y']
"""


def make_words(place: Path) -> Path:
    """A plugin with two actions, `count` and `more`, and no config."""
    (place / "words" / "plugin").mkdir(parents=True)
    code = ACTION.format("Count", "    input_type = Frames\n    output_type = 'Tracks'\n")
    (place / "words" / "plugin" / "count.py").write_text(code)
    (place / "words" / "plugin" / "more.py").write_text(ACTION.format("More", ""))
    return place / "words"


def write(folder: Path, text: str) -> Path:
    file = folder / "config.yaml"
    file.write_bytes(text.encode())
    return file
