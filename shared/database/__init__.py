"""Connections to PostgreSQL, and the migrations of what every service has."""
