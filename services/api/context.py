"""What the routers work with: made once by `service.py`, handed on as one value."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from nats.js import JetStreamContext

from services.alerts.load.book import LoadBook
from services.api.database import Database
from services.api.fold import Fold
from services.api.heard import Heard
from services.api.heartbeats import Heartbeats
from services.api.latest import Latest
from services.api.linked import Linked
from services.api.lit import Lit
from services.api.paces import Paces
from services.api.published import Published
from services.api.push.hub import Hub
from services.api.reports.reporter import Reporter
from services.api.requests import Requested
from services.api.running_site import RunningSite
from services.api.throttle import Throttle
from services.observation.tally import Tally
from services.runtime.clock import now_us
from services.runtime.passwords import Verifier
from services.runtime.people import Book
from services.runtime.people_store import PeopleStore
from services.runtime.settings import Settings


@dataclass
class Context:
    """The parts of the service, and the clock."""

    settings: Settings
    js: JetStreamContext
    connected: Callable[[], bool]
    """Whether there is a connection to the streams right now."""
    database: Database
    site: RunningSite
    fold: Fold
    hub: Hub
    heartbeats: Heartbeats
    heard: Heard
    book: Book = field(default_factory=Book)
    """The accounts of people."""
    verifier: Verifier = field(default_factory=Verifier)
    throttle: Throttle = field(default_factory=Throttle)
    paces: Paces = field(default_factory=Paces)
    published: Published = field(default_factory=Published)
    """Messages to the public, ready to be sent."""
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Of official bulletins one at a time: what the next one comes to follows from the one before."""
    people: PeopleStore = field(init=False)
    send: Callable[[str, bytes], Awaitable[bool]] | None = None
    """Publishes over MQTT, (topic, payload); whether the broker has it."""
    load: LoadBook = field(default_factory=LoadBook)
    """The duty's book: what alerts cost who is on duty."""
    reporter: Reporter = field(init=False)
    linked: Linked = field(init=False)
    """Sites below, and how old our copies of them are."""
    requested: Requested = field(init=False)
    """Acts on their alerts, sent and answered."""
    tally: Tally = field(default_factory=Tally)
    """Events by site and day."""
    latest: Latest = field(init=False)
    lit: Lit = field(init=False)
    canary_archived_us: int | None = None
    started_us: int = field(default_factory=now_us)
    clock: Callable[[], int] = now_us
    """µs UTC."""

    def __post_init__(self) -> None:
        """What is made of the others."""
        self.people = PeopleStore(self.js)
        self.linked = Linked(self.js, lambda: self.site.site.id, self.clock)
        self.requested = Requested(self.js)
        self.latest = Latest(self.database)
        self.reporter = Reporter(self)
        self.lit = Lit(self.js, self.site)

    def age_s(self, us: int | None) -> float | None:
        """Seconds since an instant; None when there was none."""
        return None if us is None else max(0.0, round((self.clock() - us) / 1e6, 3))


def context_of(request: Request) -> Context:
    """The context of the app that serves a request, as a dependency."""
    found: Context = request.app.state.context
    return found


Here = Annotated[Context, Depends(context_of)]
"""A parameter of a router's function: the context."""
