"""RapidOCR, behind the two things that are asked of it: make a reader, read a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Line(NamedTuple):
    """A line of text in a picture: the text, how sure (0..1), and (4, 2) float32 pixels clockwise from top left."""

    text: str
    score: float
    quad: NDArray[np.float32]


class TextReader:
    """One set of models for one worker; not to be shared between threads that read at the same time.

    One ONNX thread a reader and one reader a core: two threads in one reader cost 1.6 times the CPU for 1.2 times the
    speed (measured on 720p). The models (PP-OCRv6, small) come with the library.
    """

    def __init__(self, longest_side: int, min_score: float) -> None:
        """`longest_side`: pixels to which a picture is scaled for finding text; it is read at full size."""
        import cv2
        from rapidocr import RapidOCR

        cv2.setNumThreads(1)
        self._ocr: Any = RapidOCR(
            params={
                "Global.use_cls": False,
                "Global.log_level": "error",
                "Global.text_score": min_score,
                "Det.limit_type": "max",
                "Det.limit_side_len": longest_side,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, image: NDArray[np.uint8]) -> list[Line]:
        """The lines in a picture, (H, W, 3) uint8 BGR."""
        import numpy as np

        found = self._ocr(image)
        if found.boxes is None or found.txts is None or found.scores is None:
            return []
        quads = np.asarray(found.boxes, np.float32)
        return [Line(t, float(s), q) for t, s, q in zip(found.txts, found.scores, quads, strict=True)]
