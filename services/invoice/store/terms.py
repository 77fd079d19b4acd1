"""The service's copy of contracts, fee schedules and calendars."""

from shared.billing.fees import Terms
from shared.database.postgres import Connection
from shared.events.procurement import CalendarPublished, ContractActivated, ContractEnded, FeeSchedulePublished
from shared.registers import cached_table
from shared.registers.replicated_register import ReplicatedRegister

REPLICA = ReplicatedRegister("terms", (ContractActivated, ContractEnded, FeeSchedulePublished, CalendarPublished))


async def load_terms(conn: Connection) -> Terms:
    """Load the whole copy."""
    return Terms.of(await REPLICA.load(conn))


TERMS = cached_table.Reference(REPLICA.cache, load_terms)
