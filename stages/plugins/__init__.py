"""Plugins: stages that others bring, as a folder with a `config.yaml` and code, found without importing it."""
