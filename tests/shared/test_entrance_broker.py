"""Over a real broker: what used to stop a service for everybody is parked, told of, and stops nobody."""

import json
import random
import string

import zonetables
from tests.toy import poison
from tests.toy.events import Heard
from tests.toy.letters import Letter
from tests.toy.outside import Outside, until

LONG = "".join(random.Random(7).choices(string.ascii_letters, k=626_000)).encode()
INCOMPRESSIBLE_KEY = LONG[:3000]


def standstill(outside: Outside) -> list[Letter]:
    """Each of these alone stopped the service, or its relay, for good."""
    heard = outside.desk.write_foreign(Heard(counter_id="bad"))
    return [
        heard.saying(ce_correlationid=b"ab\x00c"),
        heard.saying(ce_traceparent=b"00-ab\x00c"),
        heard.saying(ce_id=b"a\x00b"),
        heard.saying(ce_correlationid=b"ab\x00c")._replace(value=b"{broken"),
        poison.in_one_piece(heard, correlationid="a\0b"),
        heard._replace(key=INCOMPRESSIBLE_KEY),
        heard.saying(ce_source=b"/a\x00b"),
        heard.saying(ce_id=LONG[:3000]),
        heard.saying(ce_source=LONG[:3000]),
        heard.saying(ce_id=LONG)._replace(value=b"{broken"),
        heard.saying(ce_time=b"0001-01-01T00:00:00Z"),
        heard.saying(ce_office="Montréal".encode("latin-1")),
    ]


async def test_records_that_stopped_a_service_are_parked_and_told_and_all_others_are_applied(outside: Outside) -> None:
    bad = standstill(outside)
    unknown = [letter.saying(ce_type=b"foreign.sneezed.v1") for letter in bad if len(letter.headers) > 1]
    good = [outside.desk.write_foreign(Heard(counter_id=f"good{outside.place.suffix}")) for _ in bad]
    await outside.post(*(letter for pair in zip(bad, good, strict=True) for letter in pair), *unknown)
    instance = await outside.ready()
    await outside.counted(len(good))

    async def all_parked() -> bool:
        return bool(await outside.value("SELECT count(*) FROM parked") >= len(bad))

    await until(all_parked)
    rows = await outside.query("SELECT parked_id::text, reason, detail, key FROM parked")
    unsound = {row["parked_id"] for row in rows}
    assert [row["reason"] for row in rows] == ["unreadable"] * len(bad)
    assert sum(row["key"] is None for row in rows) == 1
    await until(outside.all_sent)
    told = [json.loads(r.value or b"") for r in await outside.said() if (r.key or b"").decode() in unsound]
    assert {t["parked_id"] for t in told} == unsound
    assert all(t["sentence"] for t in told)
    assert (await instance.health("live"))[0] == 200
    log = instance.log.read_text()
    assert f'"tzdata": "{zonetables.VERSION}"' in log
    assert "batch retried" not in log
    assert LONG[:3000].decode() not in log
