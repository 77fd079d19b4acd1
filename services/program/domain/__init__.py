"""Decisions of program, pure: the catalogue, cases with their obligations and attendance, and plans."""
