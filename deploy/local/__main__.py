"""`python -m deploy.local run|up|down|logs`: the system on this machine."""

import argparse
import os
import sys
from pathlib import Path

from deploy.local import background, commands, foreground
from deploy.local.processes import ROOT, Died
from deploy.local.rights import SERVICES
from deploy.local.stack import InUse, Stack

PORTS = {"portal": 8080}  # where people look for it, if nobody else holds it


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("verb", choices=["run", "up", "down", "logs"])
    parser.add_argument("--folder", type=Path, default=ROOT / ".local", help="where its data, logs and mails are")
    parser.add_argument(
        "--services", default=",".join(SERVICES), help="which services; '' for broker, database and mail"
    )
    parser.add_argument("--quiet", action="store_true", help="load nothing and play nothing")
    parser.add_argument("--fast", action="store_true", help="not durable, any database for any role: for tests")
    return parser.parse_args()


def main() -> None:
    """Do what was asked."""
    asked = _arguments()
    services = [name for name in asked.services.split(",") if name]
    match asked.verb:
        case "run":
            play = not asked.quiet and len(services) == len(SERVICES)
            clock = commands.stepped_clock(asked.folder) if play else "real"
            stack = Stack(
                asked.folder,
                services=services,
                fast=asked.fast,
                clock=clock,
                given=os.environ,
                people=play,
                preferred=PORTS if play else {},
            )
            foreground.run(stack, play=play)
        case "up":
            background.up(asked.folder, sys.argv[2:])
        case "down":
            background.down(asked.folder)
        case "logs":
            background.logs(asked.folder)


if __name__ == "__main__":
    try:
        main()
    except (Died, InUse, TimeoutError) as problem:
        sys.exit(str(problem))
