"""The table of cases: the number of each referral and those who are concerned with it."""

from services.notification.domain.case import Case
from shared.database.json_aggregate import AggregateTable, ColumnAggregate
from shared.messaging.handlers import AggregateStore

_COLUMNS = {"number": "text", "officer_id": "text", "site_id": "text", "contract_id": "text"}
_STORED = ColumnAggregate(Case, AggregateTable("cases", "referral_id", _COLUMNS))
CASES = AggregateStore(Case, _STORED.load, _STORED.save)
