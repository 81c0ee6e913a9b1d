"""Stages that turn a video into pictures. Importing this registers them."""

from stages.video.crop_regions import crop_regions
from stages.video.extract_frames import extract_frames

__all__ = ["crop_regions", "extract_frames"]
