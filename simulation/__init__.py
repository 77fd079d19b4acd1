"""The outside world: the claims system, the clinics, and an auditor who trusts only what stands on the topics."""
