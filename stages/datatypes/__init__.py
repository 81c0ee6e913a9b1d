"""The meanings that values have, and how each writes and reads itself."""

from stages.core.datatype import DataType
from stages.datatypes.boxes import Box, Boxes
from stages.datatypes.crops import Crop, Crops
from stages.datatypes.detections import Detection, Detections
from stages.datatypes.exposures import Exposure, Exposures
from stages.datatypes.frame_writer import FrameWriter
from stages.datatypes.frames import Frame, Frames, MediaInfo
from stages.datatypes.readings import Reading, Readings
from stages.datatypes.report import Report
from stages.datatypes.scenes import Scene, SceneObject, Scenes
from stages.datatypes.tracks import TrackPoint, Tracks
from stages.datatypes.video import Video

__all__ = [
    "Box",
    "Boxes",
    "Crop",
    "Crops",
    "DataType",
    "Detection",
    "Detections",
    "Exposure",
    "Exposures",
    "Frame",
    "FrameWriter",
    "Frames",
    "MediaInfo",
    "Reading",
    "Readings",
    "Report",
    "Scene",
    "SceneObject",
    "Scenes",
    "TrackPoint",
    "Tracks",
    "Video",
]
