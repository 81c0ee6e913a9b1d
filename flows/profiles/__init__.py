"""A profile as it is read: its form, its model, what it extends, and every fault in its line."""
