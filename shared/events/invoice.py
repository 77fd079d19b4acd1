"""What invoice announces."""
