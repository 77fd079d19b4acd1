"""Playing: one play with its clock, as a command, at the terminal, and with kills and outages."""
