"""The pages in a browser: one module a family of pages; actions are taken by the functions of the API."""
