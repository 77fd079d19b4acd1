"""The SQL of notification, one module for each kind of row."""
