"""`python -m benchmarks [--json FILE] [--only PART]`: every figure, with its goal beside it."""

import argparse
import json
import os
import shutil
from pathlib import Path

from benchmarks import mechanism, pages, presses, services, system
from benchmarks.ground import Ground
from deploy.local.processes import end_like_by_hand

FOLDER = Path(".local") / "bench"
PARTS = ("mechanism", "referral", "services", "system", "pages")


def main() -> None:
    """Measure, print, and keep what was asked for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--json", type=Path)
    asked.add_argument("--only", choices=PARTS)
    arguments = asked.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    figures: dict[str, object] = {"load_before": os.getloadavg()[0]}
    if arguments.only in {None, "mechanism"}:
        figures["mechanism"] = _mechanism()
    if arguments.only in {None, "referral"}:
        figures["referral"] = _referral()
    if arguments.only in {None, "services"}:
        figures["services"] = _services()
    if arguments.only in {None, "system"}:
        figures["system"] = _system()
    if arguments.only in {None, "pages"}:
        figures["pages"] = _pages()
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2))


def _mechanism() -> list[dict[str, float]]:
    """Goals: at least 0.45 of the floor and 20 times plain FastStream, with 2,000 and with 50,000 keys."""
    ground = Ground.open(FOLDER / "ground")
    try:
        found = [mechanism.measure(ground, keys) for keys in (2_000, 50_000)]
    finally:
        ground.close()
    for reading in found:
        rate = f"mechanism, {reading['keys']:,.0f} keys: {reading['ours_per_second']:,.0f} events/s"
        print(f"{rate} = {reading['of_floor']} of the floor (0.45), {reading['times_plain']} x plain (20)")
    return found


def _referral() -> dict[str, float]:
    """Goals: at least 0.15 of the floor and 8 times plain FastStream."""
    ground = Ground.open(FOLDER / "referral")
    try:
        found = mechanism.measure_referral(ground)
    finally:
        ground.close()
    rate = f"referral, real handlers: {found['referral_per_second']:,.0f} records/s"
    print(f"{rate} = {found['of_floor']} of the floor (0.15), {found['times_plain']} x plain (8)")
    return found


def _services() -> dict[str, dict[str, float]]:
    """Goals, for the heaviest of them: at least 0.1 of the floor and 5 times plain FastStream."""
    found = services.measure(FOLDER / "services")
    for name, reading in found.items():
        rate = f"{name}, everything from the first record: {reading['per_second']:,.0f} records/s"
        print(f"{rate} = {reading['of_floor']} of the floor (0.1), {reading['times_plain']} x plain (5)")
    return found


def _system() -> dict[str, object]:
    """Goals: p50 40 ms and p99 200 ms at 10 a second; 110 MB a service, the portal 140."""
    found = system.measure(FOLDER / "system")
    print("request to clinic's notice, ms (goal at 10/s: p50 40, p99 200)")
    for reading in found["latency_ms"] if isinstance(found["latency_ms"], list) else ():
        print(
            f"  {reading['rate']:4}/s  p50 {reading['p50']:7.1f}  p99 {reading['p99']:7.1f}  "
            f"{reading['seen']} of {reading['asked']} seen"
        )
    print(f"saturates above {found['saturates_above']}/s")
    print(f"resident MB (goal 110, portal 140): {found['resident_mb']}")
    return found


def _pages() -> dict[str, object]:
    """Goals: 4,000 events/s read, pages p99 120 ms and calls p99 40 ms at 50 a second, 500 streams in 150 MB.

    From a press to its outcome: p50 120 ms, p99 600.
    """
    found = pages.measure(FOLDER / "pages") | {"press_ms": presses.measure(FOLDER / "presses")}
    print(f"portal, {found['referrals']:,} referrals: read {found['read_per_second']:,} events/s (4,000)")
    print(f"  pages {found['page_ms']} (p99 120), calls {found['call_ms']} (p99 40)")
    print(f"  templates {found['render_ms']} ms")
    print(f"  {found['streams']} streams add {found['streams_mb']} MB (150)")
    print(f"  from a press to the outcome shown {found['press_ms']} ms (p50 120, p99 600)")
    return found


if __name__ == "__main__":
    end_like_by_hand()
    main()
