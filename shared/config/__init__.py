"""Settings, logs, metrics, the clock and fault injection: leaves that anybody may import."""
