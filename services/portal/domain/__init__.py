"""What little the portal decides: doors that close, and its own accounts."""
