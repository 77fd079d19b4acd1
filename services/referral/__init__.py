"""Owns claims as referral knows them, admission, matching, and the life of a referral from request to final bill."""
