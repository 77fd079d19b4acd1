"""The notification service: it decides who gets which notice by which channel, keeps the ledger, and mails."""
