"""All stages of the shipped profile in a row, each value through its envelope: what was written is what is read, and
written again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.sample import BRANDS, render_sample
from bench.score import score
from flows.load import load_profile
from stages import get_stage
from stages.core.envelope import Envelope
from stages.core.spread import ThreadSpread
from stages.core.values import encode_value
from stages.datatypes import Video
from tests.unit.harness import make_blobs, make_context, run_stage


def test_all_stages_from_film_to_report(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    truth = render_sample(film, seconds=2, size=(640, 360))
    blobs, spread = make_blobs(tmp_path), ThreadSpread(2)
    state: dict[str, Any] = {"video": Video.from_address(str(film))}
    settings = {"find_text": {"longest_side": 640}, "match_brands": {"brands": list(BRANDS)}}
    for name in (entry.stage for entry in load_profile("brand-exposure").stages if entry.enabled):
        definition = get_stage(name)
        reads = {key: state[key] for key in definition.all_reads if key in state}
        values, envelope = run_stage(
            definition, settings.get(name, {}), reads, tmp_path, blobs, make_context(spread=spread)
        )
        for key, value in values.items():
            assert encode_value(value, definition.write_types[key], blobs) == envelope.writes[key]
        assert Envelope.from_bytes(envelope.to_bytes(), "test") == envelope
        assert all(blobs.is_whole(ref) for ref in envelope.blobs)
        state |= values
    spread.close()
    report = json.loads(state["report"].publish({"job_id": "j"}, blobs)["report.json"])
    result = score(truth, report)
    assert result.f1_s > 0.8
    assert result.misplaced == 0
