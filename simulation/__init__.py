"""The outside world: the claims system, the clinics, and an auditor who trusts only what stands on the topics."""

import zonetables  # noqa: F401 - zones come from the locked tables before anything looks one up
