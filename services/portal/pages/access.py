"""Who may see which page and press which button: every route has a line here, or the portal does not start."""

from services.portal.api.access import ACTS, CLINIC, EVERYBODY

ANYBODY: frozenset[str] = frozenset()
_WORKER = frozenset({"worker"})
_SIGNED_IN = EVERYBODY | _WORKER
PAGES: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/static/{named}/{path:path}"): ANYBODY,
    ("GET", "/"): ANYBODY,
    ("GET", "/contacts"): ANYBODY,
    ("GET", "/sign-in"): ANYBODY,
    ("POST", "/sign-in"): ANYBODY,
    ("POST", "/sign-out"): ANYBODY,
    ("GET", "/signed-out"): ANYBODY,
    ("GET", "/inbox"): _SIGNED_IN,
    ("GET", "/events"): _SIGNED_IN,
    ("GET", "/operations/{operation_id}"): _SIGNED_IN,
    ("POST", "/local/pace"): _SIGNED_IN,
    ("GET", "/referrals"): CLINIC,
    ("GET", "/referrals/{number}"): CLINIC,
    ("GET", "/referrals/{number}/answer"): ACTS,
    ("POST", "/referrals/{number}/answer"): ACTS,
    ("GET", "/referrals/{number}/appointments"): ACTS,
    ("POST", "/referrals/{number}/appointments"): ACTS,
    ("GET", "/referrals/{number}/start"): ACTS,
    ("POST", "/referrals/{number}/start"): ACTS,
    ("GET", "/referrals/{number}/hold"): ACTS,
    ("POST", "/referrals/{number}/hold"): ACTS,
    ("GET", "/referrals/{number}/attendance"): ACTS,
    ("POST", "/referrals/{number}/attendance"): ACTS,
    ("GET", "/referrals/{number}/discharge"): ACTS,
    ("POST", "/referrals/{number}/discharge"): ACTS,
}
