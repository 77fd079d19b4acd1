"""A small world by hand: records of claims, announcements of every owner, and a network of two clinics."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from simulation.claims_system import claim_histories, cloudevents_encoding
from simulation.clients.topics import CLAIMS, StoredRecord

BEFORE = datetime(2024, 1, 1, tzinfo=UTC)
NUMBER = "20000001"


def at(day: str, hour: int = 10, minute: int = 0) -> datetime:
    """An instant in Vancouver."""
    return datetime.fromisoformat(f"{day}T{hour:02}:{minute:02}:00").replace(tzinfo=claim_histories.PACIFIC)


class World:
    """Everything said so far."""

    def __init__(self) -> None:
        self.lying: list[StoredRecord] = []
        self._sequences: dict[tuple[str, str], int] = {}
        self._numbers = count(1)

    def claims(self, words: str, when: datetime, data: Mapping[str, Any], **attributes: str) -> str:
        """Something the claims system says; its id."""
        return self.post(words, when, data, when, **attributes)

    def post(self, words: str, when: datetime, data: Mapping[str, Any], read_at: datetime, **attributes: str) -> str:
        """The same, read later."""
        event = cloudevents_encoding.event(
            Random(f"{words}{when}{data}"), claim_histories.ClaimMessage(words, dict(data), when)
        )
        post = cloudevents_encoding.binary(event._replace(attributes={**event.attributes, **attributes}))
        offset = sum(one.topic == CLAIMS for one in self.lying)
        self.lying.append(StoredRecord(CLAIMS, 0, offset, read_at, *post))
        return {**event.attributes, **attributes}["id"]

    def accept(self, day: str, number: str = NUMBER, **changed: Any) -> None:
        """A claim for a sprained left knee in Vancouver, hurt on 2 September 2024."""
        whole = claim_histories.sample(Random(1), "claim-accepted", number, date(2024, 9, 10)).data
        injury = {"occurred_on": "2024-09-02", "body_part": "41200", "nature": "02100", "side": "L"}
        usual = {
            "injury": injury,
            "accepted_areas": [{"body_part": "41200", "side": "L"}],
            "decided_on": day,
            "effective_on": "2024-09-02",
        }
        place = {"worker": whole["worker"] | {"community": changed.pop("community", "Vancouver")}}
        self.claims("claim-accepted", at(day), whole | usual | place | changed)

    def request(self, day: str, request_id: str = "R1", number: str = NUMBER, hour: int = 11, **changed: Any) -> None:
        """A request that says no more than it must."""
        usual = {"requested_on": day, "requested_by": {"kind": "officer", "id": "O1"}, "barriers": []}
        data = {"claim_number": number, "request_id": request_id, **usual, **changed}
        self.claims("rehabilitation-requested", at(day, hour), data)

    def decide(self, words: str, day: str, effective_on: str, read_on: str = "", hour: int = 9) -> str:
        """The insurer decides on the claim."""
        data = {"claim_number": NUMBER, "effective_on": effective_on, "decided_on": day, "reason_code": "x"}
        return self.post(f"claim-{words}", at(day, hour), data, at(read_on or day, hour))

    def announce(self, said: str, key: str, when: datetime, data: Mapping[str, Any], causation: str = "") -> str:
        """Something an owner announces (`owner.words`); its id."""
        owner, words = said.split(".")
        topic = f"rehab-{owner}"
        sequence = self._sequences[topic, key] = self._sequences.get((topic, key), 0) + 1
        id_ = str(UUID(int=next(self._numbers)))
        headers = {
            "ce_specversion": "1.0", "ce_id": id_, "ce_source": f"/rehab/{owner}",
            "ce_type": f"rehab.{owner}.{words}.v1", "ce_time": when.astimezone(UTC).isoformat(),
            "ce_sequence": str(sequence), "ce_causationid": causation,
        }  # fmt: skip
        pairs = tuple((name, value.encode()) for name, value in headers.items())
        offset = sum(one.topic == topic for one in self.lying)
        self.lying.append(StoredRecord(topic, 0, offset, when, key.encode(), pairs, json.dumps(data).encode()))
        return id_

    def publish(self) -> None:
        """Programs, contracts and the calendar, long before."""
        for number, program in enumerate(PROGRAMS):
            whole = {"revision": 1, "precedence": number, **program}
            self.announce("program.program-published", program["program"], BEFORE, whole)
        for contract in CONTRACTS:
            self.announce("procurement.contract-activated", contract["contract_id"], BEFORE, {**TERMS, **contract})
        self.announce("procurement.calendar-published", "bc", BEFORE, CALENDAR)
        for site in ("S-1", "S-2"):
            weeks = [{"week_on": f"{date(2024, 9, 2) + timedelta(weeks=n)}", "openings": 2} for n in range(40)]
            for offered in ("or1", "crrtw"):
                capacity = {"site_id": site, "revision": 1, "program": offered, "weeks": weeks}
                self.announce("procurement.site-capacity-declared", site, BEFORE, capacity)


URBAN, ALL = ["Vancouver", "Surrey"], ["Vancouver", "Surrey", "Tofino"]
ASTD_NATURES = ["12410", "17310", "17330", "17340", "17391", "17393"]
TAKEN_LATER: Sequence[str] = ["01300", "03110", "03190", "05100", "05200", "05300", "06200", "52000", "99990"]
_FRACTURE = {"weeks": 6, "natures": ["01200"]}
PROGRAMS: Sequence[dict[str, Any]] = [
    {
        "program": "crrtw",
        "effective_from": "2024-11-01",
        "choice": {"areas_of": ["crrtw"]},
        "criteria": {"waits": [{"weeks": 2}, _FRACTURE], "natures_not_taken": ["06200", "52000", "99990"]},
    },
    {
        "program": "astd",
        "effective_from": "2020-01-01",
        "effective_to": "2024-10-31",
        "choice": {"areas_of": ["or2", "astd"], "natures": ASTD_NATURES, "body_parts": ["21000", "3", "4"]},
        "criteria": {"waits": [{"weeks": 2}, _FRACTURE]},
    },
    {
        "program": "or2",
        "effective_from": "2020-01-01",
        "effective_to": "2024-10-31",
        "choice": {"areas_of": ["or2", "astd"], "barriers": ["psychosocial", "pain_focus", "workplace_conflict"]},
        "criteria": {"waits": [{"weeks": 4}, _FRACTURE], "natures_not_taken": ["06200", "99990"]},
    },
    {
        "program": "or1",
        "effective_from": "2020-01-01",
        "choice": {},
        "criteria": {
            "waits": [{"weeks": 3}, _FRACTURE],
            "natures_not_taken": TAKEN_LATER,
            "barriers_not_taken": ["psychosocial"],
        },
    },
]
TERMS = {
    "revision": 1, "holds_from": "2020-01-01", "payee_id": "P-1", "organisation_id": "O-1", "sites": ["S-1", "S-2"],
    "effective_from": "2020-01-01", "effective_to": None, "run_off_to": None, "acknowledge_hours": 24,
    "acknowledge_business_days": 1, "calendar_id": "bc", "answer_business_days": 1,
}  # fmt: skip
_OLD = {"effective_to": "2024-10-31", "run_off_to": "2025-01-31"}
CONTRACTS: Sequence[dict[str, Any]] = [
    {"contract_id": "C-OR1", "program": "or1", "communities": ALL},
    {"contract_id": "C-OR2", "program": "or2", "communities": URBAN, **_OLD},
    {"contract_id": "C-CRRTW", "program": "crrtw", "communities": URBAN, "effective_from": "2024-11-01"},
]
CALENDAR = {
    "calendar_id": "bc", "revision": 1, "zone": "America/Vancouver", "weekend": [5, 6], "is_default": True,
    "holidays": ["2024-09-30", "2024-10-14", "2024-11-11", "2024-12-25", "2025-01-01"],
}  # fmt: skip
