"""The SQL of program, one module for each kind of row."""
