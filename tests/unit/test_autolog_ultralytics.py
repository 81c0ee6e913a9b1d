"""autolog: what ultralytics trains is told to the stage that asked.

ultralytics is not installed for tests (AGPL, several GB). The test trains a real YOLO where it is, and was run with
ultralytics 8.4.190 and PyTorch 2.13 on a CPU when the adapter was written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.unit.harness import make_context
from tests.unit.heard import Heard, in_stage, make_heard
from tests.unit.listener import Listener


@pytest.fixture
def heard() -> Heard:
    return make_heard()


@pytest.fixture
def yolo_data(tmp_path: Path) -> Iterator[Path]:
    """Four pictures of noise, each with one box."""
    cv2 = pytest.importorskip("cv2")
    noise = np.random.default_rng(0)
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    for n in range(4):
        cv2.imwrite(str(tmp_path / "images" / f"{n}.png"), noise.integers(0, 255, (32, 32, 3), dtype=np.uint8))
        (tmp_path / "labels" / f"{n}.txt").write_text("0 0.5 0.5 0.4 0.4\n")
    data = tmp_path / "data.yaml"
    data.write_text(f"path: {tmp_path}\ntrain: images\nval: images\nnames: {{0: sign}}\n")
    return data


@pytest.mark.skipif(find_spec("ultralytics") is None, reason="ultralytics is not installed: AGPL, several GB")
def test_ultralytics_tells_each_epoch(yolo_data: Path) -> None:
    from ultralytics import YOLO

    listener = Listener()
    heard = Heard(make_context(listener), listener)
    options = {"data": yolo_data, "imgsz": 32, "batch": 2, "device": "cpu", "project": yolo_data.parent, "plots": False}
    in_stage(lambda: YOLO("yolov8n.yaml").train(epochs=2, **options), heard, "ultralytics")
    YOLO("yolov8n.yaml").train(epochs=1, **options)
    events = [entry for entry in listener.heard if entry[0] == "event"]
    assert [event[1] for event in events] == ["train_start", "epoch", "epoch", "train_end"]
    assert events[0][2]["params"]["epochs"] == 2
    assert Path(events[-1][3]).name == "results.csv"
    progress = [entry[1:] for entry in listener.heard if entry[0] == "progress"]
    assert progress == [(0, 2, "train"), (1, 2, "train"), (2, 2, "train"), (2, 2, "train")]
    assert heard.metrics["train"]["epoch"] == 2
    assert {"train/box_loss", "metrics/mAP50(B)", "val/box_loss", "lr/pg0"} <= heard.metrics["train"].keys()
    assert "metrics/mAP50(B)" in heard.metrics["best"]
    json.dumps([event[2] for event in events])
