"""Who is told what, for how long that is useful, and what became of it."""
