"""Jobs that must have ended before the services start in containers."""

import zonetables  # noqa: F401 - zones come from the locked tables before anything looks one up
