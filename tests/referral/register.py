"""A small register: two clinics in Vancouver, one in Kelowna, one in rural Quesnel, and the programs as shipped."""

import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from shared.domain.calendar import Calendar
from shared.events.procurement import ContractActivated, SiteOpened
from shared.events.program import ProgramPublished, ReferralTermsPublished
from shared.events.values import Program
from shared.placement.register import Register

CATALOGUE = Path(__file__).parents[2] / "services" / "program" / "catalogue"
CUT_OVER = date(2024, 11, 1)
BC = Calendar("bc", holidays=frozenset({date(2024, 10, 14), date(2024, 11, 11), date(2024, 12, 25)}))
TOWNS = {"van-1": "Vancouver", "van-2": "Vancouver", "kel-1": "Kelowna", "que-1": "Quesnel"}


def site(site_id: str, languages: Sequence[str] = ("en",), disciplines: Sequence[str] = ()) -> SiteOpened:
    return SiteOpened.model_validate(
        {
            "site_id": site_id,
            "organisation_id": f"o-{site_id}",
            "payee_id": f"p-{site_id}",
            "name": site_id,
            "community": TOWNS[site_id],
            "languages": languages,
            "disciplines": disciplines or ("physical_therapist", "kinesiologist"),
            "opened_on": date(2020, 1, 1),
        }
    )


def contract(
    program: Program,
    site_id: str,
    communities: Sequence[str],
    *,
    first: date = date(2021, 11, 1),
    last: date | None = None,
    run_off_to: date | None = None,
) -> ContractActivated:
    return ContractActivated(
        contract_id=f"c-{program}-{site_id}",
        revision=1,
        holds_from=first,
        payee_id=f"p-{site_id}",
        organisation_id=f"o-{site_id}",
        program=program,
        sites=(site_id,),
        communities=tuple(communities),
        effective_from=first,
        effective_to=last,
        run_off_to=run_off_to,
        fee_schedule_id=f"fees-{program}",
        calendar_id="bc",
    )


def programs() -> dict[Program, tuple[ProgramPublished, ...]]:
    found = [tomllib.loads(path.read_text()) for path in CATALOGUE.glob("*.toml")]
    published = [ProgramPublished.model_validate(said) for said in found if "program" in said]
    return {p.program: (p,) for p in published}


def terms() -> ReferralTermsPublished:
    return ReferralTermsPublished.model_validate(tomllib.loads((CATALOGUE / "terms.toml").read_text()))


LOWER = ("Vancouver", "Burnaby")
OLD = {"last": date(2024, 10, 31), "run_off_to": date(2024, 12, 31)}
CONTRACTS = (
    contract("or1", "que-1", ("Quesnel", "Williams Lake")),
    contract("or1", "van-1", LOWER, last=OLD["last"], run_off_to=OLD["run_off_to"]),
    contract("or2", "van-1", LOWER, last=OLD["last"], run_off_to=OLD["run_off_to"]),
    contract("astd", "van-1", LOWER, last=OLD["last"]),
    contract("crrtw", "van-1", LOWER, first=CUT_OVER),
    contract("crrtw", "van-2", LOWER, first=CUT_OVER),
    contract("crrtw", "kel-1", ("Kelowna",), first=CUT_OVER),
)


def register(
    contracts: Sequence[ContractActivated] = CONTRACTS, openings: int = 2, sites: Sequence[SiteOpened] = ()
) -> Register:
    weeks = [date(2024, 9, 2) + timedelta(weeks=n) for n in range(60)]
    known = {s.site_id: s for s in (*map(site, TOWNS), *sites)}
    offered = {(c.sites[0], c.program): dict.fromkeys(weeks, openings) for c in contracts}
    return Register(
        programs=programs(),
        terms=(terms(),),
        contracts={c.contract_id: (c,) for c in contracts},
        sites=known,
        capacity=offered,
        calendars={"bc": BC},
        default_calendar=BC,
    )
