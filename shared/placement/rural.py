"""The options of a worker far from every clinic; rates are dated data of the terms, and illustrative."""

from collections.abc import Collection, Iterator
from datetime import date

from shared.events.program import Travel
from shared.events.values import Option, Program, RuralCard
from shared.placement.geo import kilometres
from shared.placement.register import Register


def card(register: Register, community: str, day: date, refused: Collection[str] = ()) -> RuralCard:
    """Return a community's rural card: nearest OR1, CRRTW with lodging, video visits from the nearest of both."""
    without = frozenset(refused)
    return register.remember(("card", community, day, without), lambda: _card(register, community, day, without))


def _card(register: Register, community: str, day: date, refused: Collection[str]) -> RuralCard:
    terms = register.terms_on(day)
    return RuralCard(community=community, options=tuple(_options(register, community, day, refused)), basis=terms.basis)


def _options(register: Register, community: str, day: date, refused: Collection[str]) -> Iterator[Option]:
    """Yield each way for which a site is left."""
    travel = register.terms_on(day).travel
    near = {p: _nearest(register, p, community, day, refused) for p in ("or1", "crrtw")}
    if or1 := near["or1"]:
        yield _option(register, "or1", or1, community, travel)
    if crrtw := near["crrtw"]:
        yield _option(register, "crrtw_lodging", crrtw, community, travel)
    if sites := [site for site in near.values() if site]:
        nearest = min(sites, key=lambda site: (kilometres(community, register.sites[site].community), site))
        yield _option(register, "hybrid", nearest, community, travel)


def _nearest(register: Register, program: Program, community: str, day: date, refused: Collection[str]) -> str | None:
    """Return the nearest open site of the program's contracts in force, or None."""
    if register.program_on(program, day) is None:
        return None
    found = (register.contract_on(id_, day) for id_ in sorted(register.contracts))
    terms = [c for c in found if c.program == program and register.term_of(c).first <= day <= register.term_of(c).last]
    sites = [s for s in register.open_sites(terms, day) if s not in refused]
    return min(sites, key=lambda s: (kilometres(community, register.sites[s].community), s), default=None)


def _option(register: Register, way: str, site_id: str, community: str, travel: Travel) -> Option:
    """Return an option; cents = 2 x km x rate + nights x lodging, for a hybrid the nights of its visits alone."""
    place = register.sites[site_id].community
    km = round(kilometres(community, place) * travel.road_percent / 100)
    nights = {"or1": 0, "crrtw_lodging": travel.program_days, "hybrid": travel.hybrid_visits}[way]
    cents = 2 * km * travel.cents_per_km + nights * travel.lodging_cents_per_night
    days = travel.hybrid_visits if way == "hybrid" else travel.program_days
    return Option.model_validate(
        {"way": way, "site_id": site_id, "community": place, "kilometres": km, "cents": cents, "days": days}
    )
