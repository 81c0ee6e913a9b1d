"""What every page that is handed over has in common. Stages of all areas may use it."""
