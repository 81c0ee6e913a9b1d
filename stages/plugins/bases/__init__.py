"""Bases of actions that train, export, upload, infer and deploy: what such actions share, each with its context."""
