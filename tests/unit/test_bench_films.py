"""Films drawn from a seed: the same every time, and what their truth says is in the picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.film import Truth
from bench.footage import Footage
from bench.graphics import Graphic
from bench.plan import KINDS, Wishes, plan_film
from bench.repeat import repeat_film
from bench.sample import main, render_drawn
from bench.score import score

SMALL = (480, 270)


def wishes(**more: Any) -> Wishes:
    return Wishes(**{"seed": 3, "seconds": 3, "size": SMALL, "fps": 10, **more})


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    path = tmp_path_factory.mktemp("drawn") / "a.mp4"
    return path, render_drawn(path, wishes(kind="match", seconds=4))


def pictures(path: Path) -> list[np.ndarray]:
    import av

    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def branded(truth: Truth) -> list[dict[str, Any]]:
    return [seen for frame in truth["frames"] for seen in frame["objects"] if seen["brand"]]


def perfect_report(truth: Truth) -> dict[str, Any]:
    """What a report would say that knew the truth."""
    half, exposures, detections = 0.5 / truth["meta"]["fps"], [], []
    for frame in truth["frames"]:
        for seen in frame["objects"]:
            if seen["brand"] and seen["visible"] >= 0.2:
                t = frame["t"]
                exposures.append({"brand": seen["brand"], "start_s": t - half, "end_s": t + half})
                detections.append({"t": t, "brand": seen["brand"], "quad": seen["quad"]})
    return {"exposures": exposures, "detections": detections}


def test_the_same_arguments_give_the_same_bytes(film: tuple[Path, Truth], tmp_path: Path) -> None:
    path, truth = film
    assert render_drawn(tmp_path / "b.mp4", wishes(kind="match", seconds=4)) == truth
    assert (tmp_path / "b.mp4").read_bytes() == path.read_bytes()


def test_another_seed_is_another_film() -> None:
    one, other = plan_film(Wishes(11)), plan_film(Wishes(12))
    assert set(one.brands).isdisjoint(other.brands)
    assert (one.size, one.fps) != (other.size, other.fps)
    assert one.look != other.look


def test_the_truth_has_every_field_of_the_given_sample(film: tuple[Path, Truth]) -> None:
    truth = film[1]
    assert set(truth) == {"meta", "brands", "distractors", "cuts", "frames", "tracks"}
    assert {"seed", "size", "fps", "crf", "noise"} <= set(truth["meta"])
    seen = truth["frames"][0]["objects"][0]
    assert set(seen) == {"id", "brand", "text", "kind", "quad", "text_h", "visible", "blur", "mblur", "rot"}
    assert set(truth["tracks"][0]) == {"id", "brand", "kind", "shot", "t0", "t1", "max_text_h", "visible_s"}
    assert [frame["i"] for frame in truth["frames"]] == list(range(40))
    assert {seen["brand"] for seen in branded(truth)} <= {brand.split("|")[0] for brand in truth["brands"]}


def test_where_a_plate_is_wholly_visible_its_colours_are_in_the_picture(tmp_path: Path) -> None:
    asked = wishes(kind="news", noise=0, blur=0, crf=8, seconds=2)
    truth = render_drawn(tmp_path / "a.mp4", asked)
    film = plan_film(asked)
    shot = next(iter(film.shots))
    plates = {n: layer.plate for n, layer in enumerate([*shot.layers, *shot.overlays], 1) if isinstance(layer, Graphic)}
    picture, compared = pictures(tmp_path / "a.mp4")[10], 0
    for seen in truth["frames"][10]["objects"]:
        quad = np.array(seen["quad"])
        low, high = np.ceil(quad.min(0)).astype(int), np.floor(quad.max(0)).astype(int)
        if seen["visible"] < 0.99 or abs(seen["rot"]) > 1 or seen["mblur"] > 0.5 or seen["text_h"] < 8:
            continue
        x0, y0, x1, y1 = (round(side) for side in plates[seen["id"]].letters)
        plate = plates[seen["id"]].image[y0:y1, x0:x1].reshape(-1, 3).mean(0)
        taken = picture[low[1] : high[1], low[0] : high[0]].reshape(-1, 3).mean(0)
        expected = np.clip(plate * film.look.gain + max(0.0, film.look.lift), 0, 255)
        assert np.abs(taken - expected).max() < 22, seen
        compared += 1
    assert compared >= 2


def test_what_stands_in_front_is_taken_off_what_is_visible(film: tuple[Path, Truth]) -> None:
    inside = [
        seen
        for seen in branded(film[1])
        if seen["kind"] == "board" and np.min(seen["quad"], 0)[0] >= 0 and np.max(seen["quad"], 0)[0] < SMALL[0]
    ]
    shares = [seen["visible"] for seen in inside]
    assert max(shares) > 0.97
    assert min(shares) < 0.8


def test_a_perfect_report_scores_one(film: tuple[Path, Truth]) -> None:
    result = score(film[1], perfect_report(film[1]))
    assert (result.f1_s, result.false_seconds, result.misplaced) == (1.0, 0.0, 0)
    assert result.due_seconds > 3


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_empty_film_shows_no_brand_but_other_text(kind: str, tmp_path: Path) -> None:
    truth = render_drawn(tmp_path / "a.mp4", wishes(kind=kind, empty=True, seconds=9, fps=2, size=(320, 180)))
    assert truth["brands"]
    assert not branded(truth)
    texts = {seen["text"] for frame in truth["frames"] for seen in frame["objects"]}
    assert texts & set(truth["distractors"])
    spellings = {name for brand in truth["brands"] for name in brand.split("|")}
    assert not texts & spellings


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_renders_and_shows_brands(kind: str, tmp_path: Path) -> None:
    truth = render_drawn(tmp_path / "a.mp4", wishes(kind=kind, seed=5, seconds=12, fps=2, size=(322, 182)))
    assert len(pictures(tmp_path / "a.mp4")) == len(truth["frames"]) == 24
    assert len({seen["brand"] for seen in branded(truth)}) >= 2
    assert all(0 <= seen["visible"] <= 1 for seen in branded(truth))


def test_footage_lies_behind_the_graphics(film: tuple[Path, Truth], tmp_path: Path) -> None:
    truth = render_drawn(tmp_path / "b.mp4", wishes(kind="news", noise=0, crf=10, fps=10), footage=film[0])
    behind, shown = pictures(film[0])[5], pictures(tmp_path / "b.mp4")[5]
    look = plan_film(wishes(kind="news", noise=0, crf=10), Footage(film[0])).look
    expected = np.clip(behind * look.gain + max(0.0, look.lift), 0, 255)
    same = np.abs(shown.astype(float) - expected).max(2) < 25
    assert 0.3 < same.mean() < 0.999
    assert truth["meta"]["footage"]
    assert branded(truth)


def test_footage_goes_on_from_its_beginning_and_at_another_rate(film: tuple[Path, Truth]) -> None:
    footage = Footage(film[0])
    assert sum(footage.shots(9, footage.fps * 2)) == 180
    ground = footage.ground((64, 48))
    seen = [ground(0) for _ in range(90)]
    assert seen[0].shape == (48, 64, 3)
    assert np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[40])
    assert np.array_equal(seen[0], seen[80])


def test_the_command_line_draws_what_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = "--seed 4 --seconds 1 --size 320x180 --fps 30000/1001 --brands ZEPHYRA Nordbank|Nord"
    main([str(tmp_path / "a.mp4"), *asked.split()])
    assert "320x180, 29.97 pictures/s" in capsys.readouterr().out
    assert '"brands": ["ZEPHYRA", "Nordbank|Nord"]' in (tmp_path / "a.json").read_text()


def test_a_long_film_is_a_short_one_repeated(film: tuple[Path, Truth], tmp_path: Path) -> None:
    path, truth = film
    longer = repeat_film(path, truth, 3, tmp_path / "long.mp4")
    shown = pictures(tmp_path / "long.mp4")
    assert len(shown) == len(longer["frames"]) == 3 * len(truth["frames"])
    assert np.array_equal(shown[7], shown[87])
    assert longer["cuts"][-1] == pytest.approx(8.0)
    assert [frame["t"] for frame in longer["frames"]] == pytest.approx([i / 10 for i in range(120)])
    assert len({track["id"] for track in longer["tracks"]}) == 3 * len(truth["tracks"])
    assert score(longer, perfect_report(longer)).f1_s == 1.0
