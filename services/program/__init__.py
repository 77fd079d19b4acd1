"""Owns the catalogue of programs and terms, and keeps the cases that are treated by them."""
