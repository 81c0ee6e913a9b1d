"""Stages that turn a video into pictures. Importing this registers them."""

from stages.video.extract_frames import extract_frames
from stages.video.filter_scenes import filter_scenes

__all__ = ["extract_frames", "filter_scenes"]
