"""The pure decisions of program: on cases with their reports, attendance and plans, and on the catalogue."""
