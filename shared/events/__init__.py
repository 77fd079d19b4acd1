"""The contracts: one module per owner, one class per event type."""
