"""State and decisions of referral, split by noun."""
