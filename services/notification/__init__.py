"""Decides who must be told what, by which channel and by when, keeps the ledger of it, and mails."""
