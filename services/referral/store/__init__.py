"""Every statement of referral, split by noun."""
