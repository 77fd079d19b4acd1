"""How an outsider reaches the system: topics, the portal, the clock file, and whether all is quiet."""
