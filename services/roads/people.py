"""Who receives a word, and how they are reached: names of the policy to addresses of accounts. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.observation.site import Site
from services.observation.text import Text
from services.policy.keeping import Keeping
from services.policy.roads import NEED_TO, Road
from services.roads.words import Places
from services.runtime.people import Book

CHANNEL = {
    "email": "mail",
    "sms": "phone",
    "modem": "phone",
    "telegram": "telegram",
    "zalo": "zalo",
    "apprise": "other",
}
"""Which address of an account a kind of road takes."""


ROLE = "role:"
"""Before a role, in what a policy names: whoever holds it."""


class Person(NamedTuple):
    """A receiver; the name is empty where the road itself is the receiver."""

    name: str
    address: str
    languages: tuple[str, ...]


class Reader:
    """Of one site: names for sentences, and people as they stand at the moment."""

    def __init__(
        self,
        keeping: Keeping,
        book: Book,
        places: Places,
        missing: Callable[[Road, Sequence[str]], None],
    ) -> None:
        """`missing` hears of names without an address; an empty list means that all are well."""
        self.places = places
        self._keeping, self._book, self._missing = keeping, book, missing

    def receivers(self, road: Road, to: Sequence[str], at: int, area: str = "") -> list[Person]:
        """Whom a road reaches of these names at an instant (µs UTC), each once.

        With an area, a role means those who hold it and see the area; everybody who holds it where none does.
        """
        if not to or road.kind not in CHANNEL or (road.kind not in NEED_TO and not road.to):
            return [] if road.kind in NEED_TO else [Person("", "", road.languages)]
        local = datetime.fromtimestamp(at / 1e6, self.places.zone)
        channel = CHANNEL[road.kind]
        names: list[str] = []
        for name in self._keeping.people(to, local.weekday(), local.hour * 60 + local.minute):
            names += (
                self._holders(name.removeprefix(ROLE), channel, area) if name.startswith(ROLE) else [name]
            )
        found, missing = [], []
        for name in dict.fromkeys(names):
            account = self._book.reachable(name)
            address = "" if account is None else account.contacts.addresses.get(channel, "")
            if account is None or not address:
                missing.append(name)
                continue
            found.append(Person(name, address, (account.contacts.language,)))
        if to == road.to:
            # Who is named for an overdue alert may be reached by another road.
            self._missing(road, missing)
        return found

    def _holders(self, role: str, channel: str, area: str) -> list[str]:
        """Accounts that hold a role and can be reached this way; others hold it for other roads."""
        held = [
            account
            for _, account in sorted(self._book.accounts.items())
            if role in account.roles and not account.disabled and account.contacts.addresses.get(channel)
        ]
        here = [account for account in held if account.principal().sees(area)]
        return [account.name for account in here or held]


def places_of(site: Site) -> Places:
    """Names of a site's areas and stations, for people."""
    return Places(
        site.name,
        ZoneInfo(site.zone),
        {area.id: area.name for area in site.areas.values()},
        {station.id: station.name for station in site.stations.values()},
    )


def told_missing(road: Road, names: Sequence[str]) -> Text:
    """Words about people whom a road can't reach."""
    listed, channel = ", ".join(names[:10]), CHANNEL.get(road.kind, "")
    return Text(
        f"Đường {road.id}: {listed} không có tài khoản hoặc chưa ghi {channel};"
        f" chạy `haidang people` để bổ sung",
        f"road {road.id}: {listed}: no account, or no {channel} in it; add it with `haidang people`",
    )
