"""What a decision may know: events, outcomes, refusals, and business calendars; nothing here does input or output."""
