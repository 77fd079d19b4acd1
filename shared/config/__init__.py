"""Settings, logs, metrics, the clock and fault injection; any room may import them."""
