"""Who receives a word, and how they are reached: names of the policy to addresses of accounts. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.observation.site import Site
from services.observation.text import Text
from services.policy.keeping import Keeping, wall
from services.policy.road_nouns import NEED_TO, Road
from services.policy.sending import Sending
from services.roads.places import Places
from services.runtime.people import Account, Book

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
        unread: Callable[[Road, Sequence[str]], None] | None = None,
    ) -> None:
        """`missing` hears of names without an address; an empty list means that all are well.

        `unread` hears of those who should get reports and can't.
        """
        self.places = places
        self._keeping, self._book, self._missing, self._unread = keeping, book, missing, unread
        self._lacking: dict[tuple[str, str], Callable[[int], object]] = {}

    def look_again(self, at: int) -> None:
        """Ask anew after those who could not be reached: accounts change between two words to them."""
        for ask in list(self._lacking.values()):
            ask(at)

    def receivers(self, road: Road, to: Sequence[str], at: int, area: str = "") -> list[Person]:
        """Whom a road reaches of these names at an instant (µs UTC), each once.

        With an area, a role means those who hold it and see the area; everybody who holds it where none does.
        """
        if not to or road.kind not in CHANNEL or (road.kind not in NEED_TO and not road.to):
            return [] if road.kind in NEED_TO else [Person("", "", road.languages)]
        channel = CHANNEL[road.kind]
        names: list[str] = []
        for name in self._on_duty(to, at):
            names += (
                self._holders(name.removeprefix(ROLE), channel, area) if name.startswith(ROLE) else [name]
            )
        found, missing = self._reached(names, channel)
        if to == road.to:
            # Who is named for an overdue alert may be reached by another road.
            self._missing(road, missing)
            self._remember("people", road, missing, lambda then: self.receivers(road, to, then, area))
        return found

    def readers(
        self, road: Road, sends: Sequence[Sending], kind: str, at: int, areas: Sequence[str] = ()
    ) -> list[tuple[Person, list[Sending]]]:
        """Who gets reports of a kind by a road at an instant (µs UTC), each once, with what they are to get.

        Args:
            road: that carries them.
            sends: all of the road.
            kind: of the report.
            at: when.
            areas: of which the report is; none: of the whole site. Who may not see all of it gets none: of a
                role they are left out; who is named, and can't be sent what they are named for, is told of.
        """
        found: dict[str, tuple[Person, list[Sending]]] = {}
        lacking: list[str] = []
        for send in sends:
            to = send.to or road.to
            people = [Person("", "", road.languages)] if not to else []
            for one in self._on_duty(to, at):
                held = [one]
                if one.startswith(ROLE):
                    held = self._seeing(one, CHANNEL[road.kind], send.areas)
                reached, missing = self._reached(held, CHANNEL[road.kind])
                allowed = [person for person in reached if self.may_read(person.name, send.areas)]
                people += allowed
                lacking += missing + [person.name for person in reached if person not in allowed]
                lacking += [] if held else [one]
            for person in people if kind in send.reports and send.areas == tuple(areas) else ():
                found.setdefault(person.name, (person, []))[1].append(send)
        if self._unread is not None:
            self._unread(road, list(dict.fromkeys(lacking)))
            self._remember("reports", road, lacking, lambda then: self.readers(road, sends, "", then))
        return list(found.values())

    def _remember(self, what: str, road: Road, lacking: Sequence[str], ask: Callable[[int], object]) -> None:
        if lacking:
            self._lacking[what, road.id] = ask
        else:
            self._lacking.pop((what, road.id), None)

    def may_read(self, name: str, areas: Sequence[str]) -> bool:
        """Whether an account is there and sees all areas of a report; none: it is of the whole site."""
        account = self._book.reachable(name)
        return account is not None and _sees(account, areas)

    def _on_duty(self, to: Sequence[str], at: int) -> list[str]:
        return self._keeping.people(to, *wall(self.places.zone.key, at))

    def _reached(self, names: Sequence[str], channel: str) -> tuple[list[Person], list[str]]:
        """Those of the names who have an address, each once; and those who have none."""
        found, missing = [], []
        for name in dict.fromkeys(names):
            account = self._book.reachable(name)
            address = "" if account is None else account.contacts.addresses.get(channel, "")
            if account is None or not address:
                missing.append(name)
                continue
            found.append(Person(name, address, (account.contacts.language,)))
        return found, missing

    def _holders(self, role: str, channel: str, area: str) -> list[str]:
        """Accounts that hold a role and can be reached this way; others hold it for other roads."""
        held = self._held(role, channel)
        here = [account for account in held if account.principal().sees(area)]
        return [account.name for account in here or held]

    def _seeing(self, role: str, channel: str, areas: Sequence[str]) -> list[str]:
        """Those who hold a role and may read what is of these areas; none: of the whole site."""
        held = self._held(role.removeprefix(ROLE), channel)
        return [account.name for account in held if _sees(account, areas)]

    def _held(self, role: str, channel: str) -> list[Account]:
        return [
            account
            for _, account in sorted(self._book.accounts.items())
            if role in account.roles and not account.disabled and account.contacts.addresses.get(channel)
        ]


def _sees(account: Account, areas: Sequence[str]) -> bool:
    who = account.principal()
    return account.areas is None or (bool(areas) and all(who.sees(area) for area in areas))


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


def told_unread(road: Road, names: Sequence[str]) -> Text:
    """Words about people who should get reports by a road and can't."""
    listed, channel = ", ".join(names[:10]), CHANNEL.get(road.kind, "")
    return Text(
        f"Báo cáo qua đường {road.id}: {listed} không nhận được: không có tài khoản, chưa ghi {channel},"
        " hoặc không phụ trách hết các khu vực trong báo cáo",
        f"reports by road {road.id}: {listed} can't get them: no account, no {channel} in it,"
        " or held to other areas than the report has",
    )
