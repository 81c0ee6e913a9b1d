"""Serving models with Ray Serve, for actions that deploy."""
