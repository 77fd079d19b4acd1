"""Rules that more than one place evaluates: pure functions over facts."""
