"""The names that can be imported where only the packages for running are installed."""

import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from typing import Any

from packaging.markers import Marker
from packaging.utils import canonicalize_name

from deploy.local.processes import ROOT


def closure() -> set[str]:
    """The project's dependencies and theirs, as locked for this machine; no group."""
    locked = {p["name"]: p for p in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    wanted = list(_needs(locked["rehab"].get("dependencies", ())))
    found: set[tuple[str, str]] = set()
    while wanted:
        name, extra = wanted.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        package = locked[name]
        needs = package.get("optional-dependencies", {}).get(extra, ()) if extra else package.get("dependencies", ())
        wanted += _needs(needs)
    return {name for name, _ in found}


def _needs(said: Any) -> Iterator[tuple[str, str]]:
    for need in said:
        if "marker" not in need or Marker(need["marker"]).evaluate():
            yield need["name"], ""
            yield from ((need["name"], extra) for extra in need.get("extra", ()))


def strangers() -> list[str]:
    """Top-level names that are there for tests, checks or the local stack alone."""
    kept = closure()
    return sorted(
        name
        for name, packages in packages_distributions().items()
        if kept.isdisjoint(canonicalize_name(package) for package in packages)
    )
