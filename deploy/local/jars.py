"""The broker's jars: exactly the locked ones, each checked against its SHA-256 at every start.

`python -m deploy.local.jars install` fetches what is missing; `... lock` resolves `jars.toml` anew, for maintainers.
"""

import hashlib
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from deploy.local.processes import ROOT

SPEC, LOCK = Path(__file__).with_name("jars.toml"), Path(__file__).with_name("jars.lock.toml")
STORE = ROOT / ".tools" / "jars"


class Tampered(Exception):  # noqa: N818 - says what happened
    """A jar is not the one that was locked."""


class Jar(NamedTuple):
    """One locked artifact."""

    group: str
    artifact: str
    version: str
    sha256: str

    def path(self, store: Path) -> Path:
        """Where the store keeps it, in Maven's layout."""
        return store.joinpath(
            *self.group.split("."), self.artifact, self.version, f"{self.artifact}-{self.version}.jar"
        )


def locked(lock: Path = LOCK) -> list[Jar]:
    """Return what the lock names."""
    dependencies = tomllib.loads(lock.read_text())["dependencies"]
    return [Jar(one["groupId"], one["artifactId"], one["version"], one["sha256"]) for one in dependencies]


def verified(jar: Jar, store: Path) -> Path:
    """The jar's path once its bytes are what the lock says; a jar that differs is removed and refused."""
    path = jar.path(store)
    if not path.exists():
        _fetch(jar, store)
    if hashlib.sha256(path.read_bytes()).hexdigest() != jar.sha256:
        path.unlink()
        raise Tampered(f"{path.name} is not the jar that was locked; it was removed, the next start fetches it anew")
    return path


def install(store: Path = STORE, lock: Path = LOCK) -> list[Path]:
    """The class path; without network once everything is there."""
    with ThreadPoolExecutor(8) as pool:
        return sorted(pool.map(lambda jar: verified(jar, store), locked(lock)))


def _fetch(jar: Jar, store: Path) -> None:
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - a third of a second that only a first start needs
    from jgo.maven import MavenContext  # noqa: PLC0415 - likewise

    context = MavenContext(repo_cache=store, remote_repos={"central": MAVEN_CENTRAL_URL})
    context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()


def resolve_anew(store: Path = STORE) -> None:
    """Write the lock again from `jars.toml`."""
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - as above
    from jgo.env import EnvironmentBuilder, EnvironmentSpec, LinkStrategy  # noqa: PLC0415 - likewise
    from jgo.maven import MavenContext  # noqa: PLC0415 - likewise

    context = MavenContext(repo_cache=store, remote_repos={"central": MAVEN_CENTRAL_URL})
    builder = EnvironmentBuilder(context=context, cache_dir=store / ".env", link_strategy=LinkStrategy.SOFT)
    LOCK.write_bytes(builder.from_spec(EnvironmentSpec.load(SPEC), update=True).lock_path.read_bytes())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["install"]:
            install()
        case ["lock"]:
            resolve_anew()
        case _:
            sys.exit(__doc__)
