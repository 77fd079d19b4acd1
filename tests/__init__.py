"""The specification: what the system promises, as tests."""
