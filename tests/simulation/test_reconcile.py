"""A checker that cannot fail is worth nothing: a world in balance, and every way to spoil it is found."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from simulation.audit.reconcile import Report, at_their_own_times, audit
from simulation.clients.outage import ServiceOutage
from simulation.clients.topics import CLAIMS, StoredRecord
from tests.simulation.world import NUMBER, World, at

CASE = "aaaaaaaa-0000-5000-8000-000000000001"
REFUSED = "aaaaaaaa-0000-5000-8000-000000000002"
OFFERED = "rehab.referral.referral-offered.v1"


class Case:
    """A referral that is announced step by step."""

    def __init__(self, world: World) -> None:
        self.world, self.revision, self.rank = world, 0, 0

    def say(self, words: str, when: datetime, causation: str = "", **data: Any) -> str:
        """One event of its own decision."""
        self.revision += 1
        whole = {"referral_id": CASE, "revision": self.revision, **data}
        return self.world.announce(f"referral.{words}", CASE, when, whole, causation)

    def create(self, day: str) -> None:
        """Admitted, with program and standing in the same decision."""
        said = {"claim_number": NUMBER, "request_id": "R1", "requested_on": day}
        self.say("referral-created", at(day, 11), **said)
        chosen = {"referral_id": CASE, "revision": 1, "program": "or1"}
        self.world.announce("referral.program-selected", CASE, at(day, 11), chosen)
        standing = {"referral_id": CASE, "claim_number": NUMBER, "claim_revision": 1}
        self.world.announce("referral.claim-standing-changed", CASE, at(day, 11), standing)

    def offer(self, site: str, when: datetime, due: datetime, n: int = 1) -> None:
        """Asked, and told by mail."""
        self.rank += 1
        opening = {"site_id": site, "program": "or1", "week_on": "2024-10-14", "n": n}
        said: dict[str, Any] = {
            "site_id": site,
            "contract_id": "C-OR1",
            "program": "or1",
            "rank": self.rank,
            "opening": opening,
        }
        offered = self.say("referral-offered", when, **said, deadline=_door(due))
        notice = {"notice_id": f"N-{self.rank}", "referral_id": CASE, "site_id": site, "about": OFFERED}
        self.world.announce(
            "notification.notice-queued", site, when, {**notice, "channels": ["portal", "email"]}, offered
        )
        self.world.announce("notification.notice-sent", site, when, {"notice_id": f"N-{self.rank}", "channel": "email"})

    def act(self, words: str, event: str, when: datetime, **data: Any) -> None:
        """A clinic acts and is answered."""
        whole = {"referral_id": CASE, "by": {"account_id": "a-1", "role": "clinician"}}
        action = self.world.announce(f"portal.{words}", CASE, when, whole)
        self.say(event, when, action, **data)


def _door(due: datetime) -> dict[str, str]:
    return {"name": "door", "due_at": due.isoformat()}


def end_of(day: str) -> datetime:
    return at(day, 23, 59).replace(second=59)


@pytest.fixture
def world() -> World:
    """One case from request to appointment, with a lapse, a refusal and a hold; a refused request; a bad record."""
    made = World()
    made.publish()
    made.accept("2024-09-10")
    made.request("2024-10-07")
    case = Case(made)
    case.create("2024-10-07")
    case.offer("S-1", at("2024-10-07", 11), end_of("2024-10-08"))
    case.say("referral-lapsed", end_of("2024-10-08"), site_id="S-1", rank=1)
    case.offer("S-2", end_of("2024-10-08"), end_of("2024-10-09").replace(second=59))
    case.act(
        "provider-acknowledged-referral",
        "referral-acknowledged",
        at("2024-10-09"),
        site_id="S-2",
        deadline=_door(end_of("2024-10-10")),
    )
    case.act("provider-accepted-referral", "referral-accepted", at("2024-10-09", 15), site_id="S-2")
    case.act("provider-booked-appointment", "appointment-booked", at("2024-10-09", 16), site_id="S-2")
    made.decide("suspended", "2024-10-11", "2024-10-11")
    case.say("referral-held", at("2024-10-11", 9), cause="claim", from_on="2024-10-11")
    made.request("2024-10-12", "R2")
    refused = {"referral_id": REFUSED, "revision": 1, "claim_number": NUMBER, "request_id": "R2", "program": "or1"}
    codes = [{"code": "CASE-EXISTS"}, {"code": "CLM-SUSPENDED"}]
    made.announce("referral.referral-not-admitted", REFUSED, at("2024-10-12", 11), {**refused, "failures": codes})
    made.decide("resumed", "2024-10-15", "2024-10-15")
    case.say("referral-resumed", at("2024-10-15", 9), cause="claim", from_on="2024-10-15", still_held=[])
    made.claims("claim-closed", at("2024-10-16"), {"claim_number": "1234567"})
    parked = {"was_topic": CLAIMS, "was_partition": 0, "was_offset": 5, "reason": "unreadable", "sentence": "no number"}
    made.announce("referral.event-parked", "parked-1", at("2024-10-16"), parked)
    made.claims("satisfaction-surveyed", at("2024-10-17"), {"claim_number": NUMBER})
    return made


def report(world: World) -> Report:
    return audit(world.lying, until=at("2025-01-01"))


def of(lying: StoredRecord, words: str) -> bool:
    return any(name == "ce_type" and words.encode() in (value or b"") for name, value in lying.headers)


def changed(lying: StoredRecord, **data: Any) -> StoredRecord:
    return lying._replace(value=json.dumps(json.loads(lying.value or b"") | data).encode())


def change(world: World, words: str, **data: Any) -> None:
    """The last announcement of a kind says something else."""
    place = max(n for n, one in enumerate(world.lying) if of(one, words))
    world.lying[place] = changed(world.lying[place], **data)


def test_a_world_in_balance_balances(world: World) -> None:
    found = report(world)
    assert list(found.faults) == []
    said = found.as_json()
    assert said.pop("coverage")
    assert said == {
        "balanced": True, "records": 7, "requests": 2, "admitted": 1, "not_admitted": 1, "without_claim": 0,
        "accepted": 1, "unplaced": 0, "offers": 2, "declined": 0, "lapsed": 1, "booked": 1, "notices": 2, "parked": 1,
        "counted_unknown": 1, "duplicates": 0, "faults": [], "approved_plans": 0, "reports": 0, "invoices": 0,
        "paid_cents": 0, "remittances": 0,
    }  # fmt: skip


def test_the_decisions_are_listed(world: World) -> None:
    one, other = report(world).decisions
    assert (one.pop("state"), one.pop("site_id"), one.pop("invoices")) == ("SCHEDULED", "S-2", [])
    assert [(asked["site_id"], asked["fate"]) for asked in one.pop("offers")] == [
        ("S-1", "lapsed"),
        ("S-2", "accepted"),
    ]
    assert [words for words, _ in one.pop("by_claim")] == ["referral-held", "referral-resumed"]
    assert {name: value for name, value in one.items() if value} | {"codes": []} == {
        "claim_number": NUMBER,
        "request_id": "R1",
        "decision": "admitted",
        "program": "or1",
        "codes": [],
        "decided_at": "2024-10-07T18:00:00+00:00",
        "heard": 2,
    }
    assert (other["decision"], other["codes"]) == ("not-admitted", ["CASE-EXISTS", "CLM-SUSPENDED"])


def test_no_announcement_can_be_missing_unnoticed(world: World) -> None:
    whole = list(world.lying)
    for n, one in enumerate(whole):
        key = (one.key or b"").decode()
        if one.topic in {"rehab-referral", "rehab-notification"} or of(one, "portal.provider-"):
            later = [
                other
                for other in whole
                if other.topic == one.topic and other.key == one.key and other.offset > one.offset
            ]
            world.lying = [other for other in whole if other is not one]
            found = report(world).faults
            assert found or (one.topic == "rehab-portal" and not later), f"{one.topic} {key} {n}"


def test_a_key_without_a_gap_is_renumbered_and_still_something_is_missing(world: World) -> None:
    last = {"notice-sent", "event-parked", "referral-not-admitted", "referral-resumed"}
    for words in last:
        whole = list(world.lying)
        world.lying = [one for one in whole if not of(one, words)]
        assert report(world).faults, words
        world.lying = whole


@pytest.mark.parametrize(
    ("words", "data", "fault"),
    [
        ("referral-created", {"request_id": "R9"}, "is not on claims"),
        ("referral-not-admitted", {"request_id": "R1"}, "has 2 admission decisions"),
        ("referral-not-admitted", {"program": "crrtw"}, "must be not-admitted or1"),
        ("referral-not-admitted", {"failures": [{"code": "CASE-EXISTS"}]}, "must be not-admitted or1 CASE-EXISTS, CLM"),
        ("program-selected", {"program": "crrtw"}, "must be admitted or1"),
        ("referral-offered", {"site_id": "S-1", "rank": 2}, "asks S-1 again"),
        ("referral-offered", {"rank": 3}, "the rank 3 after 1"),
        ("referral-offered", {"contract_id": "C-CRRTW"}, "another site or program"),
        ("referral-offered", {"contract_id": "C-9"}, "not known"),
        ("referral-offered", {"deadline": _door(at("2024-10-09"))}, "after referral-offered, right is"),
        ("referral-acknowledged", {"deadline": _door(at("2024-10-09"))}, "after referral-acknowledged, right is"),
        ("referral-lapsed", {"revision": 9}, "counts its revisions"),
        ("referral-held", {"cause": "clinic"}, "by its claim and must be"),
        ("referral-resumed", {"still_held": ["clinic"]}, "is resumed from claim"),
        ("notice-queued", {"site_id": "S-1"}, "S-2 was not told"),
        ("notice-sent", {"notice_id": "N-9"}, "neither mailed nor given up"),
        ("event-parked", {"was_offset": 4}, "is valid and was parked"),
        ("event-parked", {"sentence": ""}, "does not say why"),
        ("event-parked", {"was_topic": "rehab-portal", "was_type": "x"}, "parked x of rehab-portal"),
    ],
)
def test_what_is_said_wrongly_is_found(world: World, words: str, data: dict[str, Any], fault: str) -> None:
    change(world, words, **data)
    assert any(fault in one for one in report(world).faults), report(world).faults


@pytest.mark.parametrize(("days", "untold"), [(20, 0), (1, 1)])
def test_an_offer_that_was_over_before_notification_came_back_needs_no_notice(
    world: World, days: int, untold: int
) -> None:
    world.lying = [one for one in world.lying if not (of(one, "notice-queued") and b'"S-1"' in (one.value or b""))]
    away = ServiceOutage.of(f"notification:2024-10-06:{days}")
    faults = audit(world.lying, until=at("2025-01-01"), away=away).faults
    assert sum("S-1 was not told" in one for one in faults) == untold


def test_an_opening_that_was_not_declared_is_found(world: World) -> None:
    opening = {"site_id": "S-2", "program": "or1", "week_on": "2024-10-14", "n": 3}
    change(world, "referral-offered", opening=opening)
    assert any("takes opening 3 of 2" in one for one in report(world).faults)


def test_an_opening_that_two_hold_is_found(world: World) -> None:
    opening = {"site_id": "S-2", "program": "or1", "week_on": "2024-10-14", "n": 1}
    other = {"referral_id": "B", "revision": 1, "site_id": "S-2", "rank": 1, "opening": opening, "program": "or1"}
    door = {"contract_id": "C-OR1", "deadline": _door(end_of("2024-10-11"))}
    world.announce("referral.referral-offered", "B", at("2024-10-10"), {**other, **door})
    assert any("is held by" in one for one in report(world).faults)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda one: one._replace(value=b'{"referral_id": "x"}'), "is said in two ways"),
        (lambda one: one._replace(key=b"another"), "stands at two places"),
    ],
)
def test_a_repeat_that_is_none_is_found(
    world: World, spoil: Callable[[StoredRecord], StoredRecord], fault: str
) -> None:
    first = next(one for one in world.lying if of(one, "referral-accepted"))
    world.lying.append(spoil(first)._replace(offset=99))
    assert any(fault in one for one in report(world).faults)


def test_a_repeat_to_the_byte_is_harmless(world: World) -> None:
    world.lying += [one._replace(offset=one.offset + 100) for one in world.lying if one.topic == "rehab-referral"]
    assert report(world).balanced


def test_a_record_of_another_owner_is_found(world: World) -> None:
    place = next(n for n, one in enumerate(world.lying) if of(one, "referral-accepted"))
    headers = [(n, b"/rehab/portal" if n == "ce_source" else v) for n, v in world.lying[place].headers]
    world.lying[place] = world.lying[place]._replace(headers=headers)
    assert any("names another owner" in one for one in report(world).faults)


def test_a_lapse_before_its_time_is_found(world: World) -> None:
    place = next(n for n, one in enumerate(world.lying) if of(one, "referral-lapsed"))
    early = (end_of("2024-10-08") - timedelta(hours=1)).isoformat().encode()
    headers = [(n, early if n == "ce_time" else v) for n, v in world.lying[place].headers]
    world.lying[place] = world.lying[place]._replace(headers=headers)
    assert any("lapses at" in one for one in report(world).faults)


def test_a_bad_record_parked_twice_is_found(world: World) -> None:
    one = next(one for one in world.lying if of(one, "event-parked"))
    world.announce("referral.event-parked", "parked-2", at("2024-10-16"), json.loads(one.value or b""))
    assert any("was parked 2 times" in one for one in report(world).faults)


def test_a_fourth_offer_after_three_refusals_is_found(world: World) -> None:
    made = World()
    case = Case(made)
    for n, site in enumerate(("S-1", "S-2", "S-3", "S-4")):
        case.offer(site, at("2024-10-07") + timedelta(days=n), end_of("2024-10-08"))
        case.say("referral-declined", at("2024-10-07", 12) + timedelta(days=n), site_id=site, rank=n + 1)
    world.lying = made.lying
    assert any("is offered after 3 refusals" in one for one in report(world).faults)


def test_an_offer_that_nobody_answers_is_found_at_the_end_and_not_before(world: World) -> None:
    world.lying = [one for one in world.lying if one.at < at("2024-10-09") or (one.topic == CLAIMS and one.offset < 2)]
    assert any("is still OFFERED" in one for one in report(world).faults)
    assert not [one for one in audit(world.lying, until=at("2024-10-09"), at_the_end=False).faults if "still" in one]


def test_a_refused_action_with_an_effect_is_found(world: World) -> None:
    action = next(one for one in world.lying if of(one, "provider-accepted-referral"))
    id_ = dict(action.headers)["ce_id"] or b""
    refused = {"action_key": CASE, "action_id": id_.decode()}
    world.announce("referral.action-refused", CASE, at("2024-10-09", 15), refused, id_.decode())
    assert any("is refused and has an effect" in one for one in report(world).faults)


@pytest.mark.parametrize(
    ("words", "role"),
    [
        ("provider-started-referral", "biller"),
        ("provider-submitted-invoice", "clinician"),
        ("officer-decided-plan", "administrator"),
        ("payment-officer-released-run", "claims_officer"),
    ],
)
def test_an_action_with_an_effect_in_a_role_that_may_not_do_it_is_found(world: World, words: str, role: str) -> None:
    by = {"account_id": "a-1", "role": role}
    action = world.announce(f"portal.{words}", CASE, at("2024-10-09", 15), {"referral_id": CASE, "by": by})
    sentence = f"the action {action} ({words}) of the role {role} is not refused"
    assert sentence in report(world).faults
    refused = {"action_key": CASE, "action_id": action}
    world.announce("referral.action-refused", CASE, at("2024-10-09", 15), refused, action)
    assert sentence not in report(world).faults


def test_a_referral_that_is_unplaced_while_a_site_has_an_opening_is_found(world: World) -> None:
    world.accept("2024-09-10", number="20000007")
    world.request("2024-10-21", number="20000007")
    place = {"referral_id": "U", "revision": 1, "claim_number": "20000007", "request_id": "R1", "program": "or1"}
    created = {**place, "requested_on": "2024-10-21"}
    for words in ("referral-created", "program-selected", "claim-standing-changed"):
        world.announce(f"referral.{words}", "U", at("2024-10-21", 11), created)
    world.announce("referral.referral-unplaced", "U", at("2024-10-21", 11), {**place, "revision": 2})
    assert [one for one in report(world).faults if "has an opening" in one]
    change(world, "site-capacity-declared", weeks=[])
    world.lying = [one for one in world.lying if not of(one, "site-capacity-declared")]
    assert not [one for one in report(world).faults if "has an opening" in one]


@pytest.mark.parametrize(("read_on", "is_fault"), [("2024-10-20", False), ("2024-10-05", True)])
def test_a_move_counts_from_its_day_as_soon_as_it_is_known(world: World, read_on: str, is_fault: bool) -> None:  # noqa: FBT001 - a case
    moved = {"claim_number": NUMBER, "worker_id": "W1", "community": "Bella Coola", "moved_on": "2024-10-01"}
    world.post("worker-moved", at("2024-10-02"), moved, at(read_on))
    assert any("does not cover Bella Coola" in one for one in report(world).faults) == is_fault


def test_what_was_played_arrived_when_its_capture_says_so() -> None:
    world = World()
    world.accept("2024-10-07")
    world.accept("2024-10-07")
    world.request("2024-10-07")
    world.announce("referral.referral-created", CASE, at("2024-10-07"), {"claim_number": NUMBER})
    played = [lying.captured for lying in world.lying[:3]]
    played = [record._replace(arrives_at=at("2024-10-01", n)) for n, record in enumerate(played)]
    found = list(at_their_own_times(world.lying, played))
    assert [lying.at for lying in found] == [*(record.arrives_at for record in played), at("2024-10-07")]
    assert list(at_their_own_times(world.lying, ())) == world.lying
