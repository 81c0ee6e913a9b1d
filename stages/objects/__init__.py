"""Stages that find things in pictures. Importing this registers them."""

from stages.objects.detect_objects import detect_objects

__all__ = ["detect_objects"]
