"""NanoDet-G, a small detector of the 80 classes of COCO, as a session of one thread for every worker.

Method: github.com/RangiLyu/nanodet; boxes as distributions over distances: Li et al. 2020, "Generalized Focal Loss".
The model keeps its weights as 16-bit floats. None of them is a denormal number once it is widened to 32 bits, which
ONNX Runtime does when it loads the model and not with every picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stages.core.digests import digest_of
from stages.objects.coco import LABELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MODEL = Path(__file__).parent / "models" / "nanodet_g_416.onnx"
DIGEST = "sha256:938e7b6b4b9f11a324ae9c1ed8a2420de10e27645256c67e793a325a5c8b2e58"

SIDE = 416
"""The network takes squares of so many pixels."""

STRIDES = (8, 16, 32)
"""It looks at cells of so many pixels; there are (SIDE / stride) squared of each."""

BINS = 11
"""A distance from a cell's middle is a distribution over 0, 1 … 10 strides."""

MEAN, DEVIATION = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
"""Of blue, green and red in the pictures that it was trained on (ImageNet)."""


@dataclass(frozen=True)
class Limits:
    """Both 0..1: the least score that counts, and the overlap above which the weaker of two of a class is dropped."""

    score: float = 0.35
    overlap: float = 0.5


class Found(NamedTuple):
    """What is in a picture, the surest first: N things.

    corners (N, 4) float32 left, top, right, bottom in pixels of the picture; scores (N,) 0..1; classes (N,) places in
    LABELS
    """

    corners: Floats
    scores: Floats
    classes: NDArray[np.int64]

    @property
    def labels(self) -> list[str]:
        """The names of what was found."""
        return [LABELS[place] for place in self.classes]


class ObjectDetector:
    """The detector of one worker; not to be shared by threads that use it at the same time."""

    def __init__(self, limits: Limits) -> None:
        import cv2

        cv2.setNumThreads(1)
        self._limits, self._session = limits, _session()
        self._input = self._session.get_inputs()[0].name

    def find(self, image: NDArray[np.uint8]) -> Found:
        """What is in a picture, (H, W, 3) uint8 BGR."""
        made, scale = network_input(image)
        outputs = self._session.run(None, {self._input: made})
        found = strongest(decoded(outputs, self._limits.score), self._limits)
        height, width = image.shape[:2]
        corners = (found.corners / scale).clip(0, (width, height, width, height))
        return found._replace(corners=corners.astype("float32"))


def network_input(image: NDArray[np.uint8]) -> tuple[Floats, float]:
    """The picture at top left of a black square, (1, 3, SIDE, SIDE) float32, and by how much it was scaled."""
    import cv2
    import numpy as np

    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    square = np.zeros((SIDE, SIDE, 3), np.uint8)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square[: size[1], : size[0]] = cv2.resize(image, size, interpolation=how)
    made = np.empty((1, 3, SIDE, SIDE), np.float32)
    for colour, (mean, deviation) in enumerate(zip(MEAN, DEVIATION, strict=True)):
        made[0, colour] = square[..., colour] * np.float32(1 / deviation) - np.float32(mean / deviation)
    return made, scale


def decoded(outputs: list[Floats], least: float) -> Found:
    """The cells of all strides that are at least so sure of one class, in pixels of the square.

    `outputs`: for each stride (1, cells, 80) scores, then for each (1, cells, 4 * BINS) distances to left, top, right
    and bottom, as logarithms of chances.
    """
    import numpy as np

    parts = []
    for place, stride in enumerate(STRIDES):
        scores, distances = outputs[place][0], outputs[place + len(STRIDES)][0]
        cells = np.nonzero(scores.max(1) >= least)[0]
        boxes = _boxes(distances[cells], cells, stride)
        parts.append(Found(boxes, scores[cells].max(1), scores[cells].argmax(1)))
    return Found(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _boxes(distances: Floats, cells: NDArray[np.int64], stride: int) -> Floats:
    """(N, 4) corners of the boxes that N cells tell of."""
    import numpy as np

    chances = distances.reshape(-1, 4, BINS)
    chances = np.exp(chances - chances.max(2, keepdims=True))
    far = (chances @ np.arange(BINS, dtype=np.float32)) / chances.sum(2) * stride
    down, across = np.divmod(cells, SIDE // stride)
    middle = (np.stack([across, down], 1) + 0.5) * stride
    return np.concatenate([middle - far[:, :2], middle + far[:, 2:]], 1).astype(np.float32)


def strongest(found: Found, limits: Limits) -> Found:
    """Without those that a surer one of their class overlaps too much; the surest first."""
    import cv2
    import numpy as np

    sized = np.concatenate([found.corners[:, :2], found.corners[:, 2:] - found.corners[:, :2]], 1)
    args = (sized.tolist(), found.scores.tolist(), found.classes.tolist(), 0.0, limits.overlap)
    kept = np.asarray(cv2.dnn.NMSBoxesBatched(*args), np.int64).reshape(-1)
    return Found(found.corners[kept], found.scores[kept], found.classes[kept])


def _session() -> Any:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return InferenceSession(_model(), options, providers=["CPUExecutionProvider"])


@cache
def _model() -> bytes:
    data = MODEL.read_bytes()
    if (digest := digest_of(data)) != DIGEST:
        raise ValueError(f"{MODEL} is damaged: found {digest}, expected {DIGEST}. Install Stagewright again.")
    return data
