"""What invoice reacts to."""

from services.invoice.store import keep_terms
from shared.events.procurement import ContractActivated, FeeSchedulePublished
from shared.handlers import Handlers

handlers = Handlers()
handlers.keep(ContractActivated, FeeSchedulePublished, by=keep_terms)
