"""Every statement of notification, split by noun."""
