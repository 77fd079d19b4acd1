"""Nothing is decided yet: entitlement and adjudication come with plans and reports."""
