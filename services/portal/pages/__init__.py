"""What people see in a browser: one module a family of pages; what they do is done by the calls of the API."""
