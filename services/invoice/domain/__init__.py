"""Every decision of invoice, split by noun."""
