"""Every code by which something is refused, as clients are told them; a test compares them with the rules' own."""

from collections.abc import Mapping

# actions that are not taken, by the service that says so
REFERRAL = frozenset({
    "CONTRACT-DOS", "DATE-EARLY", "DATE-FUTURE", "DATE-PAST", "FIELD-MISSING", "NOT-CONFIRMED", "NOT-FOUND",
    "NOT-YOURS", "REASON-MISSING", "REF-DECLINED", "REF-HELD", "REF-LAPSED", "REF-STATE", "REF-WITHDRAWN", "STALE",
})  # fmt: skip
PROGRAM = frozenset({
    "AUTH-EXT", "BILLING-FINAL", "DATE-FUTURE", "DATE-ORDER", "DISCIPLINE", "DOS-PROGRAM", "DUP", "FEE-CODE",
    "FEE-UNITS", "FIELD-MISSING", "FIELD-UNKNOWN", "GOAL-UNKNOWN", "LIMIT", "LINE-PAST", "LINE-UNKNOWN", "NOT-FOUND",
    "NOT-YOURS", "PLAN-OVERLAP", "PLAN-STATE", "PLAN-UNKNOWN", "REASON-MISSING", "REF-HELD", "REF-STATE", "REPLACES",
    "RPT-DOS", "RPT-INCOMPLETE", "RPT-MISSING", "RPT-NOTREQ", "RPT-STATE", "STALE",
})  # fmt: skip
INVOICE = frozenset({
    "INV-STATE", "NOT-FOUND", "NOT-YOURS", "RUN-FROZEN", "RUN-OPEN", "RUN-RELEASED", "RUN-UNDER-LIMIT", "STALE",
    "TWO-PERSON",
})  # fmt: skip
# requests that are not admitted
REQUESTS = frozenset({
    "BARRIER", "CASE-EXISTS", "CLM-CLOSED", "CLM-DISALLOWED", "CLM-NOTFOUND", "CLM-PEND", "CLM-SUSPENDED", "EARLY",
    "INJ-AREA", "NATURE", "PROGRAM-NONE", "PROGRAM-OTHER",
})  # fmt: skip
# reports that a reviewer sends back
REPORTS = frozenset({"DISCIPLINE", "RPT-DOS", "RPT-INCOMPLETE", "RPT-NOTREQ", "RPT-UNCLEAR"})
# documents that are no invoices
INVOICES = frozenset({
    "CENTS", "DATE-FUTURE", "DATE-ORDER", "DUP", "FEE-UNITS", "FIELD-MISSING", "PAYEE", "TOTAL",
})  # fmt: skip
# lines of invoices that are denied or cut
LINES = frozenset({
    "ATT-MIN", "ATT-MISSED", "ATT-MISSING", "AUTH-EXT", "AUTH-MISSING", "CLM-CLOSED", "CLM-DISALLOWED",
    "CLM-SUSPENDED", "CONTRACT-DOS", "DISCIPLINE", "DOS-BEFORE-INJURY", "DOS-PROGRAM", "DUP", "FEE-ADJ", "FEE-CODE",
    "LIMIT", "NOT-WITH", "ONE-PER-DAY", "RPT-DOS", "RPT-LATE", "RPT-MISSING", "TIME-BAR",
})  # fmt: skip

CODES: Mapping[str, frozenset[str]] = {
    "actions refused by referral": REFERRAL,
    "actions refused by program": PROGRAM,
    "actions refused by invoice": INVOICE,
    "requests not admitted": REQUESTS,
    "reports returned": REPORTS,
    "invoices returned": INVOICES,
    "lines denied or cut": LINES,
}
