"""Projections of what program and invoice announced of a referral, and the order in which a batch is projected."""
