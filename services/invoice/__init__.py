"""Will own entitlement, adjudication and payment; keeps the contracts, fees and cases that these will be judged by."""
