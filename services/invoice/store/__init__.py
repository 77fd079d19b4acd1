"""Every statement of invoice, split by noun."""
