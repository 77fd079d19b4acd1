"""Kill everything for a minute and count, from the topics alone, what was lost, doubled or left out of order."""
