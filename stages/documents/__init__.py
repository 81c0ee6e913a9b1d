"""Texts that people write (profiles, the configs of plugins), read with the line of every part and every fault told."""
