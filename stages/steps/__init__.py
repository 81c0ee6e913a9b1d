"""Steps inside a stage, each with its own progress and rollback."""
