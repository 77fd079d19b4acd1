"""The money rules: a case as payments see it, fees, entitlement, adjudication, windows; evaluated by *invoice*."""
