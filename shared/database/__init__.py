"""Connections to PostgreSQL, stored aggregates, and the migrations that every service has."""
