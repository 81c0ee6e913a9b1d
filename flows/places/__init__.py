"""Where stages are carried out: on threads of this process, or on a Ray cluster."""
