"""Mechanisms and contracts that every service uses; knows no service."""

import zonetables  # noqa: F401 - zones come from the locked tables before anything looks one up
