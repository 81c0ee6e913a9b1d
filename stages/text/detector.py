"""Where in a picture text stands: PP-OCR's detector. What is private to RapidOCR is used here alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stages.text.models import DETECTOR, session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STEP = 32
"""The network takes sides that are multiples of this."""

WIDEST = 8
"""A picture is made at most so many times wider than high: a strip scaled to the network's size would be nothing."""


class TextDetector:
    """The detector of one worker; not to be shared by threads that use it at the same time."""

    def __init__(self, longest_side: int, least_score: float) -> None:
        """`longest_side`: pixels to which a larger picture is scaled; `least_score` 0..1."""
        import cv2
        from rapidocr.ch_ppocr_det.utils import DBPostProcess

        cv2.setNumThreads(1)
        self._side, self._session = longest_side, session(DETECTOR)
        self._input = self._session.get_inputs()[0].name
        self._quads_of = DBPostProcess(  # the settings that RapidOCR has by default
            thresh=0.3,
            box_thresh=least_score,
            max_candidates=1000,
            unclip_ratio=1.6,
            use_dilation=True,
            score_mode="fast",
        )

    def find(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], list[float]]:
        """Quads (N, 4, 2) float32, clockwise from where the text begins, and their scores. `image` (H, W, 3) BGR."""
        import numpy as np

        height, width = image.shape[:2]
        padded = _padded(image)
        chances = self._session.run(None, {self._input: _input(padded, self._side)})[0]
        quads, scores = self._quads_of(chances, padded.shape[:2])
        found = np.asarray(quads, np.float32).reshape(-1, 4, 2)
        found[..., 0].clip(0, width - 1, out=found[..., 0])
        found[..., 1].clip(0, height - 1, out=found[..., 1])
        return found, [float(score) for score in scores]


def _padded(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A strip with black below or beside it."""
    import cv2
    import numpy as np

    height, width = image.shape[:2]
    below, beside = max(0, -(-width // WIDEST) - height), max(0, -(-height // WIDEST) - width)
    if not (below or beside):
        return image
    return np.asarray(cv2.copyMakeBorder(image, 0, below, 0, beside, cv2.BORDER_CONSTANT), np.uint8)


def _input(image: NDArray[np.uint8], longest_side: int) -> NDArray[np.float32]:
    """(1, 3, h, w) float32 in -1..1, each side the multiple of STEP that is nearest to the scaled one."""
    import cv2
    import numpy as np

    height, width = image.shape[:2]
    scale = min(1.0, longest_side / max(height, width))
    size = (max(STEP, round(int(width * scale) / STEP) * STEP), max(STEP, round(int(height * scale) / STEP) * STEP))
    small = cv2.resize(image, size).astype(np.float32)
    return np.ascontiguousarray(((small / 127.5) - 1).transpose(2, 0, 1)[None])
