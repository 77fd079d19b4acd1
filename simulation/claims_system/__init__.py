"""The claims system: captures, invented claim histories, and records as a foreign system sends them."""
