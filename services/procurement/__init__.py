"""Owns the register: organisations, payees, sites, contracts, fee schedules, calendars, and declared capacity."""
