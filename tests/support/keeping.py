"""A stream of alerts and a keeper at its end, as plays: pure, no server. Times in seconds of the story."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from services.alerts.attention.annunciation import Attention, Thing
from services.alerts.keeping.book import Book
from services.alerts.keeping.telling import Owed
from services.alerts.lifecycle import Life, fold
from services.observation import event as events
from services.observation import maintenance
from services.observation.event import Alert
from services.observation.instants import SECOND, iso
from services.observation.maintenance import Window
from services.observation.sensor import Station
from services.observation.site import Gateway, Site
from services.observation.text import Text
from services.policy.alerting import Policy
from services.policy.keeping import Keeping

SITE = "ben-da"
T0 = 1_763_600_400 * SECOND
"""2025-11-20 08:00 at the site, a Thursday."""
RULES = {
    "level": ("flood", "flood-level", "water_level"),
    "rise": ("flood", "flood-rise", "water_level_rate"),
    "rain": ("flood", "rain", "rain_severity"),
    "lightning": ("lightning", "lightning", "lightning_phase"),
    "mills": ("lightning", "field-mills", "field_step"),
    "silent": ("system", "sensor-silent", "water_level"),
    "gateway": ("system", "gateway-silent", None),
    "door": ("lighting", "cabinet-door", "door"),
    "supply": ("lighting", "supply-loss", None),
    "lamps": ("lighting", "lamp-failure", None),
}


def site(stations: int = 3) -> Site:
    """Stations st-0 … at gateways gw-0 …, in area `a`."""
    names = Text("t", "t")
    return Site(
        id=SITE,
        name=names,
        zone="Asia/Ho_Chi_Minh",
        languages=("vi", "en"),
        bounds=None,
        areas={},
        gateways={f"gw-{n}": Gateway(f"gw-{n}", "a") for n in range(stations)},
        sources=(),
        stations={
            f"st-{n}": Station(f"st-{n}", names, "a", 107.0, 10.3, f"gw-{n}", {}) for n in range(stations)
        },
        sensors={},
        rules=(),
        version="v",
    )


class Play:
    """What is stored, and a keeper that reads it."""

    def __init__(self, keeping: Keeping | None = None, settled: int = 0) -> None:
        self.policy = Policy(keeping=keeping or Keeping())
        self.stored: list[tuple[int, dict[str, Any]]] = []
        self.last: dict[str, int] = {}
        self.lives: dict[str, Life] = {}
        self.book = Book(site(), self.policy)
        self.attention = Attention(SITE)
        self.things: list[Thing] = []
        self.refused = 0
        self.now = T0

    # Writers.

    def put(self, subject: str, event: dict[str, Any], expected: int | None = None) -> bool:
        """Store an event, if nothing came on its subject since `expected`."""
        if expected is not None and self.last.get(subject, 0) != expected:
            self.refused += 1
            return False
        sequence = len(self.stored) + 1
        self.stored.append((self.now, event))
        self.last[subject] = sequence
        if event["type"].startswith("vn.haidang.alert."):
            life = fold(self.lives.get(event["subject"]), sequence, self.now, event)
            if life is not None:
                self.lives[event["subject"]] = life
        self.book.take(sequence, self.now, event)
        self.things += self.attention.take(sequence, self.now, event)
        return True

    def alert(
        self,
        name: str,
        verb: str = "raised",
        sort: str = "level",
        severity: str = "watch",
        station: int = 0,
        *,
        area: str = "a",
        status: str = "Actual",
        **more: Any,
    ) -> Life:
        """The engine says something of an alert."""
        hazard, rule, prop = RULES[sort]
        at = iso(self.now)
        data = Alert(
            alert_id=name,
            hazard=hazard,
            area=area,
            severity=severity,
            rule=rule,
            rule_version="0123456789ab",
            time=at,
            detected_at=at,
            since=at,
            reason=Text("có chuyện", "something"),
            station=f"st-{station}" if prop else None,
            sensor=f"st-{station}.{prop}" if prop else None,
            gateway=f"gw-{station}",
        )
        body = msgspec.to_builtins(
            events.make(site=SITE, verb=verb, event=f"{name}/{verb}/{self.now}", time=self.now, alert=data)
        )
        body["data"] |= {"status": status, **more}
        self.put(f"alerts.{SITE}.{area}.{name}", body)
        return self.lives[name]

    def act(self, name: str, verb: str, by: str = "lan", **act: Any) -> Life:
        """A person does something to an alert."""
        life = self.lives[name]
        body = {
            "id": f"{name}/{verb}/{len(self.stored)}",
            "source": f"/sites/{SITE}",
            "type": events.type_of(verb),
            "subject": name,
            "time": iso(self.now),
            "data": {**life.data, "by": by, "act": act},
        }
        self.put(f"alerts.{SITE}.{life.area}.{name}", body)
        return self.lives[name]

    def window(self, name: str, start: float, end: float, verb: str = "planned", **about: Any) -> Window:
        """A window from one second of the story to another."""
        given = Window(
            window_id=name,
            area="_",
            kind=about.pop("kind", "maintenance"),
            start=iso(T0 + round(start * SECOND)),
            end=iso(T0 + round(end * SECOND)),
            why="thay cảm biến",
            by="lan",
            state="cancelled" if verb == "cancelled" else "planned",
            time=iso(self.now),
            reason=Text("kế hoạch", "planned"),
            **about,
        )
        event = maintenance.make(SITE, verb, f"{name}/{verb}/{self.now}", given)
        self.put(f"alerts.{SITE}._.{name}", msgspec.to_builtins(event))
        return given

    # The keeper.

    def keep(self, most: int | None = None) -> list[Owed]:
        """The keeper looks once: what it owes goes in, the first `most` of it."""
        owed = self.book.decide(self.now)
        self.write(self.book, owed[:most])
        for one in owed[most:] if most is not None else ():
            self.book.again(one.about)
        return owed

    def write(self, book: Book, owed: list[Owed]) -> None:
        """Put what a keeper owes; what is refused it decides again."""
        chained: dict[str, int] = {}
        for one in owed:
            expected = chained.get(one.subject, one.expected)
            if self.put(one.subject, json.loads(one.data), expected):
                chained[one.subject] = self.last[one.subject]
            else:
                book.again(one.about)

    def settle(self) -> list[Owed]:
        """The keeper looks until it owes nothing more."""
        out: list[Owed] = []
        for _ in range(20):
            owed = self.keep()
            out += owed
            if not owed:
                return out
        msg = f"the keeper finds no rest: {[one.verb for one in owed]}"
        raise AssertionError(msg)

    def wait(self, seconds: float) -> list[Owed]:
        """Time passes; then the keeper looks."""
        self.now += round(seconds * SECOND)
        out = self.settle()
        self.things += self.attention.due(self.now)
        return out

    def restart(self) -> None:
        """Another keeper begins with the stream as it is."""
        self.book = Book(site(), self.policy)
        for sequence, (stored_us, event) in enumerate(self.stored, 1):
            self.book.take(sequence, stored_us, event)

    def quiet(self, name: str) -> list[str]:
        """Kinds of what keeps an alert quiet."""
        return sorted(quiet.kind for quiet in self.lives[name].quiet.values())


def verbs(owed: Iterable[Owed]) -> list[str]:
    """What was written, in few words."""
    return [f"{one.about} {one.verb}" for one in owed]
