"""A profile as it runs: one job, its stages as Prefect tasks, and what is left of it."""
