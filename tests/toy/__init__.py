"""The smallest service that uses the whole mechanism; tests and benchmarks run it."""
