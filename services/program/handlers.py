"""What program reacts to."""

from services.program.store import keep_cases
from shared import filing
from shared.events.program import ProgramPublished, ReferralTermsPublished
from shared.events.referral import ReferralAccepted, ReferralCreated, ReferralHeld, ReferralResumed, ReferralWithdrawn
from shared.handlers import Handlers

handlers = Handlers()
filing.listen(handlers, (ProgramPublished, ReferralTermsPublished))
handlers.keep(ReferralCreated, ReferralAccepted, ReferralHeld, ReferralResumed, ReferralWithdrawn, by=keep_cases)
