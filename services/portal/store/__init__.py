"""Every statement of the portal, split by noun."""
