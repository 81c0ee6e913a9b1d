"""Stages that find, follow and read what is written in pictures. Importing this registers them."""

from stages.text.find_text import find_text
from stages.text.follow_text import follow_text
from stages.text.read_text import read_text

__all__ = ["find_text", "follow_text", "read_text"]
