"""What invoice reacts to."""

from services.invoice.store.terms import KINDS, keep_terms
from shared.handlers import Handlers

handlers = Handlers()
handlers.keep(*KINDS, by=keep_terms)
