"""Profiles become deployments: what is wanted of a Prefect server, what it has, and the difference made good."""
