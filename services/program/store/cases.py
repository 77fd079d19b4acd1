"""The table of cases: one row for each referral that a clinic accepted, stored whole as JSON."""

from pydantic import TypeAdapter

from services.program.domain.case import Case
from shared.database.json_aggregate import AggregateTable, JsonAggregate
from shared.messaging.handlers import AggregateStore

_TABLE = AggregateTable("cases", "referral_id", {"revision": "int", "state": "jsonb"})
_STORED = JsonAggregate(TypeAdapter(Case), _TABLE)
CASES = AggregateStore(Case, _STORED.load, _STORED.save)
