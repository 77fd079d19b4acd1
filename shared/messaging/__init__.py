"""Records in and announcements out: decoding, inbox, batch, outbox, relay, timers and parked records (dead letters)."""
