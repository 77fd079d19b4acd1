"""Owns entitlement, invoices, payment runs and remittances."""
