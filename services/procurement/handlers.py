"""The events that procurement reacts to: the documents that its own command publishes."""

from shared.events.procurement import (
    CalendarPublished,
    ContractActivated,
    FeeSchedulePublished,
    OrganisationRegistered,
    PayeeRegistered,
    SiteCapacityDeclared,
    SiteOpened,
)
from shared.messaging.handlers import Handlers
from shared.registers import published_documents

handlers = Handlers(owner="procurement")
published_documents.listen(
    handlers,
    (
        OrganisationRegistered,
        PayeeRegistered,
        SiteOpened,
        SiteCapacityDeclared,
        ContractActivated,
        FeeSchedulePublished,
        CalendarPublished,
    ),
)
