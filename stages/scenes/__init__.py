"""Stages that tell a video's scenes and what is in them. Importing this registers them."""

from stages.scenes.compile_index import compile_index
from stages.scenes.index_scenes import index_scenes

__all__ = ["compile_index", "index_scenes"]
