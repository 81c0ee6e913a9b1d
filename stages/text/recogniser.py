"""What a piece of a picture says: PP-OCR's recogniser, and what else it might say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from stages.text.models import RECOGNISER, session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HEIGHT = 48
"""Height in pixels to which a piece is scaled, the network's own."""

LEAST_WIDTH, MOST_WIDTH = 48, 3200
"""Widths in pixels of what the network is given."""

LIKELIEST, LEAST_CHANCE = 6, 1e-5
"""Of each step at most so many characters are kept, and none that is less likely."""

DOWNWARDS = 1.5
"""What is so many times higher than wide is read as text that runs downwards."""


class Line(NamedTuple):
    """A piece, read: the text, how sure (0..1), and what else it might be (see `Reading.letters`)."""

    text: str
    score: float
    letters: str


class TextRecogniser:
    """The recogniser of one worker; not to be shared by threads that use it at the same time."""

    def __init__(self) -> None:
        self._session = session(RECOGNISER)
        self._input = self._session.get_inputs()[0].name
        listed = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._characters = ["", *listed, " "]  # the first is CTC's blank: no character

    def read(self, image: NDArray[np.uint8], quad: NDArray[np.float32]) -> Line:
        """What stands in the quad of a picture, (H, W, 3) uint8 BGR."""
        chances = self._session.run(None, {self._input: _input(piece(image, quad))})[0][0]
        return Line(*self._decoded(chances), self._letters(chances))

    def _decoded(self, chances: NDArray[np.float32]) -> tuple[str, float]:
        """CTC: the likeliest character of each step, repetitions and blanks left out; the mean of their chances."""
        import numpy as np

        best = chances.argmax(1)
        said = (best != 0) & (best != np.r_[-1, best[:-1]])
        text = "".join(self._characters[i] for i in best[said])
        return text, float(chances.max(1)[said].mean()) if said.any() else 0.0

    def _letters(self, chances: NDArray[np.float32]) -> str:
        import numpy as np

        steps: list[list[str | float]] = []
        for step in chances:
            top = np.argpartition(step, -LIKELIEST)[-LIKELIEST:]
            kept = [i for i in top[np.argsort(-step[top])] if step[i] >= LEAST_CHANCE]
            told: list[str | float] = []
            for i in kept:
                told += [self._characters[i], round(float(np.log(min(1.0, step[i]))), 2)]
            if told != ["", 0.0] or not steps or steps[-1] != told:  # of blanks that are sure one says it all
                steps.append(told)
        return json.dumps(steps, ensure_ascii=False, separators=(",", ":"))


def piece(image: NDArray[np.uint8], quad: NDArray[np.float32]) -> NDArray[np.uint8]:
    """What is in the quad, set straight: (h, w, 3) uint8."""
    import cv2
    import numpy as np

    across, down = quad[1] - quad[0], quad[2] - quad[3]
    left, right = quad[3] - quad[0], quad[2] - quad[1]
    width = max(1, int(max(np.hypot(*across), np.hypot(*down))))
    height = max(1, int(max(np.hypot(*left), np.hypot(*right))))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    warp = cv2.getPerspectiveTransform(np.asarray(quad, np.float32), target)
    straight = cv2.warpPerspective(
        image, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8, copy=False)
    return np.ascontiguousarray(np.rot90(straight)) if height >= DOWNWARDS * width else straight


def _input(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(1, 3, 48, w) float32 in -1..1; what is narrower than LEAST_WIDTH stands before grey."""
    import cv2
    import numpy as np

    height, width = image.shape[:2]
    scaled = min(MOST_WIDTH, max(1, -(-HEIGHT * width // height)))
    made = np.zeros((1, 3, HEIGHT, max(LEAST_WIDTH, scaled)), np.float32)
    made[0, :, :, :scaled] = (cv2.resize(image, (scaled, HEIGHT)).astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)
    return made
