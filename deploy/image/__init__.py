"""What must be there before the services start in containers."""
