"""The two models: what was mended in them changes nothing that they say; odd pictures are dealt with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from math import exp, log
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from stages.brands.likelihood import chance_of, steps_of
from stages.text import detector, models, recogniser
from stages.text.detector import TextDetector
from stages.text.models import DETECTOR, LEAST_WEIGHT, RECOGNISER
from stages.text.recogniser import TextRecogniser, piece
from tests.unit.lettering import blank, lettered, place_of
from tests.unit.luma import rectangle


@pytest.fixture(scope="module")
def finder() -> TextDetector:
    return TextDetector(320, 0.5)


@pytest.fixture(scope="module")
def reader() -> TextRecogniser:
    return TextRecogniser()


def weights(model: Any) -> Iterator[np.ndarray[Any, Any]]:
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            yield numpy_helper.to_array(tensor)


def untouched(model: str) -> Any:
    """A session of the model as it comes, with the settings of ours."""
    import rapidocr
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return InferenceSession(str(Path(rapidocr.__file__).parent / "models" / model), options)


@pytest.mark.parametrize("model", [DETECTOR, RECOGNISER])
def test_no_weight_is_left_that_the_processor_is_slow_with(model: str) -> None:
    mended = onnx.load_from_string(models._without_denormals(model))
    assert all(((values == 0) | (np.abs(values) >= LEAST_WEIGHT)).all() for values in weights(mended))


@pytest.mark.parametrize("model", [DETECTOR, RECOGNISER])
def test_the_mended_model_says_what_the_untouched_one_says(model: str) -> None:
    picture = lettered("NORDVIK")
    if model == DETECTOR:
        given = detector._input(picture, 320)
    else:
        given = recogniser._input(piece(picture, place_of("NORDVIK")))
    outputs = []
    for session in (untouched(model), models.session(model)):
        outputs.append(session.run(None, {session.get_inputs()[0].name: given})[0])
    assert outputs[0].shape == outputs[1].shape
    assert np.abs(outputs[0] - outputs[1]).max() < 1e-5


def is_around(quad: np.ndarray[Any, Any], letters: np.ndarray[Any, Any]) -> bool:
    """Whether a quad has its middle where the letters have theirs, and holds all of them with a little around."""
    middle = np.abs(quad.mean(0) - letters.mean(0)).max() < 9
    return bool(middle and (quad.min(0) <= letters.min(0)).all() and (quad.max(0) >= letters.max(0)).all())


def test_a_text_is_found_where_it_stands(finder: TextDetector) -> None:
    quads, scores = finder.find(lettered("NORDVIK"))
    assert quads.shape == (1, 4, 2)
    assert scores[0] > 0.5
    assert is_around(quads[0], place_of("NORDVIK"))
    assert quads[0][0].tolist() == quads[0].min(0).tolist()


def test_in_an_empty_picture_nothing_is_found(finder: TextDetector) -> None:
    quads, scores = finder.find(blank())
    assert (quads.shape, scores) == ((0, 4, 2), [])


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (2000, 20), (20, 2000), (2000, 1), (33, 31)])
def test_pictures_of_odd_sizes_are_searched_and_nothing_is_found_outside(
    finder: TextDetector, size: tuple[int, int]
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    for picture in (blank(size), noise):
        quads, scores = finder.find(picture)
        assert len(quads) == len(scores)
        assert ((quads >= 0) & (quads <= np.float32(size))).all()


def test_a_text_in_a_strip_is_found(finder: TextDetector) -> None:
    wide = TextDetector(960, 0.5).find(lettered("NORDVIK", at=(100, 2), size=(960, 60)))[0]
    assert len(wide) == 1
    assert is_around(wide[0], place_of("NORDVIK", at=(100, 2)))


def test_a_text_is_read_and_is_the_likeliest_of_its_letters(reader: TextRecogniser) -> None:
    line = reader.read(lettered("NORDVIK"), place_of("NORDVIK"))
    assert line.text == "NORDVIK"
    assert 0.8 < line.score <= 1
    steps = steps_of(line.letters)
    assert chance_of("nordvik", steps) > log(0.5)
    assert chance_of("nordvik", steps) > max(chance_of(other, steps) for other in ("nordvk", "nordvek", "voltra", ""))


def test_what_else_it_might_be_is_told_step_by_step(reader: TextRecogniser) -> None:
    line = reader.read(lettered("VOLTRA"), place_of("VOLTRA"))
    steps = json.loads(line.letters)
    for step in steps:
        chars, chances = step[::2], step[1::2]
        assert all(isinstance(char, str) and len(char) <= 1 for char in chars)
        assert chances == sorted(chances, reverse=True)
        assert sum(map(exp, chances)) <= 1.05
        assert 1 <= len(chars) <= 6
    assert all(one != ["", 0] or other != ["", 0] for one, other in pairwise(steps))


def test_a_text_that_is_turned_by_a_quarter_is_read_downwards(reader: TextRecogniser) -> None:
    plate = lettered("NORDVIK", at=(20, 20), size=(220, 90))
    turned = np.ascontiguousarray(np.rot90(plate, -1))  # clockwise: it runs downwards
    x0, y0 = place_of("NORDVIK", at=(20, 20))[0]
    x1, y1 = place_of("NORDVIK", at=(20, 20))[2]
    line = reader.read(turned, rectangle(90 - y1, x0, y1 - y0, x1 - x0))
    assert line.text == "NORDVIK"


def test_a_tilted_text_is_set_straight(reader: TextRecogniser) -> None:
    affine = cv2.getRotationMatrix2D((120, 75), 20, 1)
    picture = cv2.warpAffine(lettered("NORDVIK"), affine, (320, 180), borderMode=cv2.BORDER_REPLICATE)
    quad = (place_of("NORDVIK") @ affine[:, :2].T + affine[:, 2]).astype(np.float32)
    assert reader.read(picture, quad).text == "NORDVIK"


@pytest.mark.parametrize(
    "quad",
    [rectangle(5, 5, 0, 0), rectangle(5, 5, 1, 1), rectangle(-50, -50, 20, 8), rectangle(0, 0, 319, 2)],
)
def test_a_place_without_anything_is_read_as_nothing_much(reader: TextRecogniser, quad: np.ndarray[Any, Any]) -> None:
    line = reader.read(blank(), quad)
    assert len(line.text) <= 2
    assert 0 <= line.score <= 1


def test_a_strip_is_no_wider_than_the_model_is_given(reader: TextRecogniser) -> None:
    strip = np.full((4, 2000, 3), 90, np.uint8)
    assert recogniser._input(strip).shape == (1, 3, recogniser.HEIGHT, recogniser.MOST_WIDTH)
    assert recogniser._input(strip[:, :1]).shape == (1, 3, recogniser.HEIGHT, recogniser.LEAST_WIDTH)
