"""Every statement of program, split by noun."""
