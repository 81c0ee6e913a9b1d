"""Stages that turn a video into pictures. Importing this registers them."""

from stages.video.extract_frames import extract_frames

__all__ = ["extract_frames"]
