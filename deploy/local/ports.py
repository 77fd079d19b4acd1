"""Ports that nobody else holds, the same ones again after a restart."""

import json
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Return whether a server could listen there now, connections of its predecessor notwithstanding."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


_NONE: Mapping[str, int] = MappingProxyType({})


def remembered(file: Path, *names: str, preferred: Mapping[str, int] = _NONE) -> dict[str, int]:
    """Return one port a name, and note it: the preferred one or that of the last start if it is free, else another."""
    noted = json.loads(file.read_text()) if file.exists() else {}
    ports = {name: _port((preferred.get(name), noted.get(name))) for name in names}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(noted | ports))
    return ports


def _port(wanted: Iterable[int | None]) -> int:
    return next((port for port in wanted if port and is_free(port)), None) or free_port()
