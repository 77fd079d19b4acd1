"""The vocabulary of decisions: events, outcomes, refusals, versions and business calendars, without input or output."""
