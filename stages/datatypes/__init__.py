"""The meanings that values have, and how each writes and reads itself."""

from stages.core.datatype import DataType, find_type, list_types
from stages.datatypes.boxes import Box, Boxes
from stages.datatypes.coco_dataset import COCODataset, COCOSample
from stages.datatypes.crops import Crop, Crops
from stages.datatypes.dataset import Dataset
from stages.datatypes.detections import Detection, Detections
from stages.datatypes.exposures import Exposure, Exposures
from stages.datatypes.frame_writer import FrameWriter
from stages.datatypes.frames import Frame, Frames, MediaInfo
from stages.datatypes.model import Model, ModelInfo, ModelWeights
from stages.datatypes.onnx_model import ONNXModel, Tensor
from stages.datatypes.readings import Reading, Readings
from stages.datatypes.report import Report
from stages.datatypes.scenes import Scene, SceneObject, Scenes
from stages.datatypes.tracks import TrackPoint, Tracks
from stages.datatypes.video import Video
from stages.datatypes.yolo_dataset import YOLODataset, YOLOSample

__all__ = [
    "Box",
    "Boxes",
    "COCODataset",
    "COCOSample",
    "Crop",
    "Crops",
    "DataType",
    "Dataset",
    "Detection",
    "Detections",
    "Exposure",
    "Exposures",
    "Frame",
    "FrameWriter",
    "Frames",
    "MediaInfo",
    "Model",
    "ModelInfo",
    "ModelWeights",
    "ONNXModel",
    "Reading",
    "Readings",
    "Report",
    "Scene",
    "SceneObject",
    "Scenes",
    "Tensor",
    "TrackPoint",
    "Tracks",
    "Video",
    "YOLODataset",
    "YOLOSample",
    "find_type",
    "list_types",
]
