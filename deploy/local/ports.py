"""Ports that nobody else holds, the same ones again after a restart."""

import json
import socket
from pathlib import Path


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could listen there now, connections of its predecessor notwithstanding."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def remembered(file: Path, *names: str) -> dict[str, int]:
    """One port a name: the one noted in the file if it is still free, else a new one, noted there."""
    noted = json.loads(file.read_text()) if file.exists() else {}
    ports = {name: noted[name] if name in noted and is_free(noted[name]) else free_port() for name in names}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(noted | ports))
    return ports
