"""A mail server that delivers to a folder."""

from collections import deque
from itertools import count
from pathlib import Path

import uvloop
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.ports import free_port, is_free


class Catcher:
    """Every mail becomes a file; `answers` holds what to say to the next ones instead of taking them ("451 later")."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        """Nothing listens yet."""
        self.folder, self.answers = folder, deque[str]()
        self._port = port if port and is_free(port) else free_port()
        self._numbers = count(1)
        self._server: Controller | None = None

    @property
    def address(self) -> str:
        """REHAB_SMTP."""
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, in a thread."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._numbers = count(1 + max((int(mail.stem) for mail in self.mails()), default=0))
        self._server = Controller(self, "127.0.0.1", self._port, uvloop.new_event_loop())
        self._server.start()

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def mails(self) -> list[Path]:
        """Return what arrived, oldest first."""
        return sorted(self.folder.glob("*.eml"))

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take the mail, or say what a test wants said."""
        if self.answers:
            return self.answers.popleft()
        arriving = self.folder / f"{next(self._numbers):06d}.tmp"
        to = ", ".join(envelope.rcpt_tos)
        head = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {to}\r\n".encode()
        arriving.write_bytes(head + (envelope.original_content or b""))
        arriving.rename(arriving.with_suffix(".eml"))  # whoever lists the folder sees whole mails
        return "250 taken"
