"""What procurement reacts to."""

from shared import filing
from shared.events.procurement import (
    CalendarPublished,
    ContractActivated,
    FeeSchedulePublished,
    OrganisationRegistered,
    PayeeRegistered,
    SiteCapacityDeclared,
    SiteOpened,
)
from shared.handlers import Handlers

handlers = Handlers(owner="procurement")
filing.listen(
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
