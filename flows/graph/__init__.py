"""A profile as a graph: checked against its stages, planned, and drawn as JSON."""
