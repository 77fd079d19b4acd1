"""The portal over HTTP: everything a page can do is one of these calls."""
