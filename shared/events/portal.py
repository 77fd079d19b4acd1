"""What people did, and when their time was up; every fact but those on accounts names the one service that answers."""

from datetime import datetime

from typing_extensions import override

from shared.decision import Event
from shared.events.values import Actor


class _Act(Event):
    """Something a person did: who, when the portal took it, the revision they saw, and their idempotency key."""

    by: Actor
    received_at: datetime
    seen: int
    idempotency_key: str


class ProviderAcknowledgedReferral(
    _Act, type="rehab.portal.provider-acknowledged-referral.v1", key="referral_id", owner="referral"
):
    """A clinic opened its offer."""

    referral_id: str
    site_id: str


class ProviderAcceptedReferral(
    _Act, type="rehab.portal.provider-accepted-referral.v1", key="referral_id", owner="referral"
):
    """A clinic takes the referral it was offered."""

    referral_id: str
    site_id: str


class ProviderDeclinedReferral(
    _Act, type="rehab.portal.provider-declined-referral.v1", key="referral_id", owner="referral"
):
    """A clinic does not take the referral: a code, a comment in the document store, and a next step."""

    referral_id: str
    site_id: str
    reason_code: str | None = None
    comment_id: str | None = None
    comment_sha256: str | None = None
    next_step: str | None = None


class ProviderBookedAppointment(
    _Act, type="rehab.portal.provider-booked-appointment.v1", key="referral_id", owner="referral"
):
    """A clinic agreed the first visit with the worker."""

    referral_id: str
    site_id: str
    starts_at: datetime
    confirmed_with_worker: bool
    late_reason_code: str | None = None


class NoticeOpened(_Act, type="rehab.portal.notice-opened.v1", key="notice_id", owner="notification"):
    """A notice was seen in the portal."""

    notice_id: str


class OperatorReplayedParked(_Act, type="rehab.portal.operator-replayed-parked.v1", key="parked_id"):
    """An operator asks a service to try a parked record again."""

    parked_id: str
    service: str

    @property
    @override
    def owner(self) -> str:
        """The service named in the fact."""
        return self.service


class OperatorDiscardedParked(_Act, type="rehab.portal.operator-discarded-parked.v1", key="parked_id"):
    """An operator gives a parked record up, with a reason code."""

    parked_id: str
    service: str
    reason_code: str

    @property
    @override
    def owner(self) -> str:
        """The service named in the fact."""
        return self.service


class AccountOpened(Event, type="rehab.portal.account-opened.v1", key="account_id"):
    """Somebody may sign in; who it is stands on rehab-person."""

    account_id: str
    kind: str
    organisation_id: str | None = None
    received_at: datetime


class AccountClosed(Event, type="rehab.portal.account-closed.v1", key="account_id"):
    """The account signs in no more."""

    account_id: str
    received_at: datetime


class RoleGranted(Event, type="rehab.portal.role-granted.v1", key="account_id"):
    """An account holds a role at a site, or for the insurer where no site is named."""

    account_id: str
    role: str
    site_id: str | None = None
    organisation_id: str | None = None
    received_at: datetime


class RoleRevoked(Event, type="rehab.portal.role-revoked.v1", key="account_id"):
    """The account no longer holds the role there."""

    account_id: str
    role: str
    site_id: str | None = None
    received_at: datetime


class DeadlineReached(Event, type="rehab.portal.deadline-reached.v1", key="record_key"):
    """The door through which people act has closed: the name and instant of the deadline that was opened."""

    record_key: str
    service: str
    name: str
    due_at: datetime

    @property
    @override
    def owner(self) -> str:
        """The service named in the fact."""
        return self.service

    @property
    @override
    def key(self) -> str:
        """The record the deadline belongs to."""
        return self.record_key
