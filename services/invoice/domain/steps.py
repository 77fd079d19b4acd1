"""Steps that invoice announces to itself: due timers, and what one decision leaves to the next."""

from datetime import date

from shared.domain.decision import INTERNAL, Event


class WaitEnded(Event, type="invoice.wait-ended", key="referral_id", topic=INTERNAL):
    """A pended invoice has waited as long as it may."""

    referral_id: str
    invoice_id: str


class WindowsClosed(Event, type="invoice.windows-closed", key="referral_id", topic=INTERNAL):
    """The last day on which anything of a case could be billed, put right or disputed is over."""

    referral_id: str


class CutOffReached(Event, type="invoice.cut-off-reached", key="run_id", topic=INTERNAL):
    """The cut-off of a run: what it pays is fixed now."""

    run_id: str


class RunDayCame(Event, type="invoice.run-day-came", key="run_id", topic=INTERNAL):
    """The day of a run: it is paid now, unless it waits for people to release it."""

    run_id: str


class ShareDue(Event, type="invoice.share-due", key="payee_id", topic=INTERNAL):
    """A payee's share of a run, which is paid now as it was frozen."""

    payee_id: str
    run_id: str
    run_on: date
    cents: int | None = None


class ShareReleased(Event, type="invoice.share-released", key="referral_id", topic=INTERNAL):
    """Invoices of a case were paid with a remittance."""

    referral_id: str
    remittance_id: str
    run_on: date
    dispute_until: date
    invoices: tuple[str, ...]
