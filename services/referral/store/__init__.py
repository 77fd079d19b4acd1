"""The SQL statements of referral, by aggregate."""
