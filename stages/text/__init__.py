"""Stages that read what is written in pictures. Importing this registers them."""

from stages.text.read_text import read_text

__all__ = ["read_text"]
