"""Where a real Chromium is, or how to get one."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

# the shell draws the same pages without windows around them, in two thirds of the time
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@cache
def find() -> str | None:
    """CHROMIUM, the one on the PATH, Debian's package when root, Playwright's download; None where none can be had."""
    return os.environ.get("CHROMIUM") or _on_path() or _of_debian() or _of_playwright()


def _on_path() -> str | None:
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def _of_debian() -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "install", "-y", "-q", _NAMES[0]],
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-y", "-q", _NAMES[0]],
        ["apt-get", "install", "-y", "-q", "chromium"],
    ):
        subprocess.run(command, env=env, capture_output=True, check=False, timeout=600)
        if found := _on_path():
            return found
    return None


def _of_playwright() -> str | None:
    asked = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(asked, capture_output=True, check=False, timeout=600).returncode:
        return None
    kept = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    return next((str(found) for found in sorted(kept.glob("chromium-*/chrome-linux*/chrome"))), None)


if __name__ == "__main__":
    print(find() or "no Chromium can be had")  # noqa: T201 - to a person
