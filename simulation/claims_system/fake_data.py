"""People, employers and injuries that nobody has: invented, in the proportions of the province."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product
from random import Random
from typing import Any, TypeAlias

from simulation.claims_system import injury_codes, registers

Data: TypeAlias = dict[str, Any]

_SYLLABLES = (
    "bre", "dov", "gro", "hár", "im", "jas", "ka", "lu", "mi", "myun", "nar", "nym", "o", "pel", "quil", "røl",
    "sen", "szel", "ska", "tav", "thi", "ves", "wyn", "xʷe", "yun", "zel", "çor", "ŋa",
)  # fmt: skip
_LANGUAGES = {"en": 780, "pa": 79, "zh": 60, "tl": 31, "fr": 21, "es": 11, "vi": 10, "ko": 10}
_OCCUPATIONS = (
    "care aide", "carpenter", "electrician", "faller", "labourer", "line cook", "long-haul driver", "mill worker",
    "registered nurse", "retail clerk", "teacher assistant", "warehouse worker",
)  # fmt: skip
_FIRMS = ("Construction", "Foods", "Health Society", "Holdings", "Ltd.")
_SECTORS = {"70": 44, "71": 89, "72": 209, "73": 101, "74": 155, "75": 140, "76": 263}
# (body part, nature): how many of a thousand; the rest is any other combination that is possible
_INJURIES = {
    ("23100", "02100"): 184, ("21000", "02100"): 91, ("34000", "03400"): 79, ("41200", "02100"): 76,
    ("42000", "02100"): 67, ("10009", "02100"): 60, ("32000", "02100"): 58, ("41300", "04300"): 49,
    ("33000", "04300"): 41, ("33000", "03400"): 34, ("01100", "06200"): 32, ("23200", "02100"): 31,
    ("50006", "52000"): 25, ("21000", "02101"): 20, ("31300", "01200"): 19, ("21000", "17391"): 18,
    ("33000", "01200"): 17, ("32000", "12410"): 17, ("42000", "01200"): 17, ("31200", "17330"): 16,
    ("31300", "05100"): 14, ("23100", "17231"): 13, ("99990", "99990"): 12, ("33000", "09710"): 10,
}  # fmt: skip
_ANY_OTHER = 60
_POSTAL = "ABCEGHJKLMNPRSTVWXYZ"


def name(rng: Random, syllables: Sequence[int] = (2, 3, 4)) -> str:
    """A name of invented syllables, so that a search finds every leak."""
    return "".join(rng.choices(_SYLLABLES, k=rng.choice(syllables))).capitalize()


def community(rng: Random) -> str:
    """A place, by its population."""
    places = list(registers.communities().values())
    return rng.choices(places, [place.population + 500 for place in places])[0].name


def postal_code(rng: Random, place: str) -> str:
    """A code in the place's first area."""
    digits, letters = rng.choices("0123456789", k=2), rng.choices(_POSTAL, k=2)
    area = (registers.communities()[place].postal_area + letters[1])[:3]
    return f"{area} {digits[0]}{letters[0]}{digits[1]}"


def contact(rng: Random) -> Data:
    """An e-mail address and a telephone, either of which may be missing."""
    said = {"email": f"w{rng.randrange(10**9):09}@worker.example", "phone": f"+1604555{rng.randrange(10**4):04}"}
    return {key: value for key, value in said.items() if rng.random() > _MISSING[key]}


_MISSING = {"email": 0.2, "phone": 0.05}


def worker(rng: Random, worker_id: str, hurt_on: date) -> Data:
    """A person of working age."""
    place = community(rng)
    return {
        "worker_id": worker_id,
        "given_name": name(rng),
        "family_name": name(rng),
        "birth_date": (hurt_on - timedelta(days=round(365.25 * min(70, max(16, rng.gauss(42.5, 11)))))).isoformat(),
        "phn": f"9{rng.randrange(10**9):09}",
        "language": _weighted(rng, _LANGUAGES),
        "community": place,
        "postal_code": postal_code(rng, place),
        **contact(rng),
    }


def employer(rng: Random) -> Data:
    """A firm: most have a handful of workers, a few thousands."""
    return {
        "employer_id": f"E{rng.randrange(10**6):06}",
        "name": f"{name(rng)} {rng.choice(_FIRMS)}",
        "classification_unit": f"{_weighted(rng, _SECTORS)}{rng.randrange(10**4):04}",
        "workers": min(30_000, 1 + int(rng.paretovariate(0.8))),
        "phone": f"+1250555{rng.randrange(10**4):04}",
    }


def occupation(rng: Random) -> str:
    """Return what the worker does."""
    return rng.choice(_OCCUPATIONS)


def injury(rng: Random, occurred_on: date) -> Data:
    """An injury that is possible."""
    known = rng.choices([*_INJURIES, None], [*_INJURIES.values(), _ANY_OTHER])[0]
    part, nature = known or rng.choice(_POSSIBLE)
    return {"occurred_on": occurred_on.isoformat(), "body_part": part, "nature": nature, "side": side(rng, part)}


def area(rng: Random, part: str | None = None) -> Data:
    """A part of the body on a side that it has."""
    part = part or rng.choice(sorted(registers.BODY_PARTS))
    return {"body_part": part, "side": side(rng, part)}


def side(rng: Random, part: str) -> str:
    """Left, right or, seldom, both where there are two; else none."""
    return rng.choices("LRB", (48, 49, 3))[0] if injury_codes.is_paired(part) else "N"


def _weighted(rng: Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


_POSSIBLE = [
    (part, nature)
    for part, nature in product(sorted(registers.BODY_PARTS), sorted(registers.NATURES))
    if injury_codes.is_possible(part, nature)
]
