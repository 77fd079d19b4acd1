"""The terminal of a play: events as they happen, and below them what a person needs to take part."""

from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.rule import Rule
from rich.text import Text

from simulation.claims_system.claim_histories import PACIFIC
from simulation.clients.topics import Announced
from simulation.run.event_lines import EventLines, Totals, events_in_order
from simulation.run.play import Progress

KEYS = "p pauses, + faster, - slower, Ctrl-C ends"
_ROWS_FOR_EVENTS = 12  # the footer leaves at least so many
_NEXT_DAYS = 2  # a quiet day or two are nothing to tell


class Terminal:
    """Prints each event as a sentence, and keeps portal, accounts, date, pace and totals in sight below.

    Where there is no terminal, as in a log, the totals are a line of their own once a simulated day.
    """

    def __init__(self, by_hand: frozenset[str], portal: str, accounts: Sequence[str], pace: Callable[[], str]) -> None:
        """People play the sites `by_hand`; `accounts` are lines with ways in; `pace` returns how fast the days go."""
        self._lines, self._totals = EventLines(by_hand), Totals()
        self._portal, self._accounts, self._pace = portal, accounts, pace
        self._console = Console(highlight=False, soft_wrap=True)
        self._now: datetime | None = None
        self._told_at: datetime | None = None
        self._is_offered = False
        self._live = Live(get_renderable=self._footer, console=self._console, refresh_per_second=4)

    def __enter__(self) -> Self:
        """Keep the footer in sight where there is a terminal."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last footer on the screen, and the terminal as it was."""
        self._live.stop()

    def __call__(self, progress: Progress) -> None:
        """Tell what is new; what happened before this start is counted and not told again."""
        told = [line for event in events_in_order(progress.news) for line in self._told(event, progress.is_past)]
        self._now = progress.now
        if told:
            self._console.print(Text("\n").join([*self._between(self._told_at, progress.now), *told]))
        if told or self._told_at is None:
            self._told_at = progress.now

    def _told(self, event: Announced, is_past: bool) -> list[Text]:  # noqa: FBT001 - of the progress it belongs to
        """Return the lines of one event: none of the past."""
        self._totals.count(event)
        line, mine = self._lines.tell(event), self._lines.is_by_hand(event)
        first = mine and event.event_name == "referral-offered" and not self._is_offered
        self._is_offered |= first
        if is_past or not line:
            return []
        told = Text(f"{'>' if mine else ' '} {line}", style="bold" if mine else "")
        return [told, *self._first_offer(event)] if first else [told]

    def _first_offer(self, event: Announced) -> list[Text]:
        """Return what to do about the first offer to a clinic that is played by hand."""
        link = f"{self._portal}/referrals/{self._lines.number_of(event)}"
        said = (
            "> Your clinic has its first offer. Sign in as its clinician and open",
            f"> {link}",
            "> The days go slowly from here on, so that there is time to answer.",
        )
        return [Text(line, style="bold reverse") for line in said]

    def _between(self, before: datetime | None, now: datetime) -> list[Text]:
        """Return what stands between two days: how long nothing happened, and in a log the totals."""
        days = (now.astimezone(PACIFIC).date() - before.astimezone(PACIFIC).date()).days if before else 0
        quiet = [Text(f"  {days - 1} days without news", style="dim")] if days > _NEXT_DAYS else []
        return quiet if self._console.is_terminal or not days else [*quiet, Text(f"  {self._totals}")]

    def _footer(self) -> Group:
        """Return the date, the pace, the totals, and the ways in as far as the screen has room."""
        day = f"{self._now.astimezone(PACIFIC):%A, %d %B %Y}" if self._now else "starting"
        room = max(self._console.height - _ROWS_FOR_EVENTS, 1)
        ways = [Text(line, no_wrap=True, overflow="ellipsis") for line in self._accounts[:room]]
        status = f"{day} · the days go: {self._pace()} · {KEYS}"
        said = (status, str(self._totals), f"> marks your clinic; the portal: {self._portal}")
        return Group(Rule(style="dim"), *map(Text, said), *ways)
