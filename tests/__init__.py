"""The specification: what the system promises, as tests."""

import zonetables  # noqa: F401 - zones come from the locked tables before anything looks one up
