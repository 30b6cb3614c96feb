"""Leaf nodes: how servers of linked sites meet, and what each may do with the other.

A parent listens, with one account per child; a child dials. On both ends the leaf connection ends in an
account of its own, without JetStream: nothing of the other site's traffic can be seen or written. What the
other may ask for is exported by name, and that is reading the stream of alerts, nothing else. All other talk
is between the two `link` services. No JetStream domain is needed, so a data folder made before there were
links stays as it is.
"""

import json
import re
import secrets
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from services.runtime.accounts import write_private

FORMAT = 1
CHILDREN, PARENT, OWN = "children", "parent.json", "links.json"
"""In the data folder: what is handed to each child; what a parent handed to us; passwords of our own ends."""
PARENT_ACCOUNT = "PARENT"
SYSTEM_ACCOUNT, SYSTEM_USER = "$SYS", "up-system"
READ_PREFIX = "child.js"
"""In both accounts: JetStream requests for the child's stream of alerts, and nothing more."""
BEAT, DAYS, ACTS = "child.beat", "child.days", "parent.acts"
"""Asked of the child's link: its heartbeat, its counts by day; of the parent's: acts for the child."""
NOBODY = "link.nobody"
"""Nobody answers there: the first request of a connection, which only makes its inbox."""
_OF_ALERTS = (
    "STREAM.INFO.ALERTS",
    "STREAM.MSG.GET.ALERTS",
    "CONSUMER.CREATE.ALERTS",
    "CONSUMER.DELETE.ALERTS.*",
    "CONSUMER.MSG.NEXT.ALERTS.*",
)
_CLOSING = ("$SYS.REQ.SERVER.PING.LEAFZ", "$SYS.REQ.SERVER.*.KICK")
_API = "$JS.API."
_INBOX = "_INBOX.>"
_ADDRESS = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})")
_WORD = re.compile(r"[A-Za-z0-9._~-]+")
_PORTS = 1 << 16
T = TypeVar("T")


class Ticket(msgspec.Struct, frozen=True):
    """What a parent hands to a child: a file to be carried over by hand."""

    site: str
    parent: str
    address: str
    user: str
    password: str
    format: int = FORMAT

    @property
    def usable(self) -> bool:
        """Whether a server that is to dial by it can start at all; the file is carried over by hand."""
        found = _ADDRESS.fullmatch(self.address)
        words = all(_WORD.fullmatch(word) for word in (self.user, self.password))
        return words and found is not None and 0 < int(found["port"]) < _PORTS


class Listen(NamedTuple):
    """Where a parent listens for its children."""

    host: str
    port: int


class Ends(msgspec.Struct):
    """Passwords of our own ends, made once and kept: our link's in each account, each child's leaf.

    `system`: of `up` in the server's own account, where it may close the connection of a child taken off.
    """

    format: int = FORMAT
    parent: str = ""
    system: str = ""
    children: dict[str, str] = {}
    leaves: dict[str, str] = {}

    @classmethod
    def keep(cls, data: Path, children: tuple[str, ...]) -> "Ends":
        """Read them; what is missing is made. A child that is taken off keeps its password for its return."""
        file = data / OWN
        ends = _read(file, cls) or cls()
        before = msgspec.json.encode(ends)
        ends.parent = ends.parent or secrets.token_urlsafe(24)
        ends.system = ends.system or secrets.token_urlsafe(24)
        for child in children:
            ends.children.setdefault(child, secrets.token_urlsafe(24))
            ends.leaves.setdefault(child, secrets.token_urlsafe(24))
        if msgspec.json.encode(ends) != before or not file.exists():
            write_private(file, msgspec.json.format(msgspec.json.encode(ends), indent=1).decode())
        return ends


class Leaf(NamedTuple):
    """The leaf nodes of one server: the children it listens for, and the parent it dials.

    `site`: the own one. Servers of linked sites need names of their own: nats-server takes the name for that
    of a cluster, and drops a leaf whose cluster is called as its own for half a minute at a time. A running
    server takes no other name; so a site that is not linked has its own name too, and can be linked any time.
    """

    site: str
    ends: Ends
    children: tuple[str, ...] = ()
    listen: Listen | None = None
    ticket: Ticket | None = None

    def config(self) -> dict[str, Any]:
        """What the server's configuration gets besides its accounts."""
        leaf: dict[str, Any] = {}
        if self.listen is not None:
            leaf |= {"host": self.listen.host, "port": self.listen.port, "no_advertise": True}
        if self.ticket is not None:
            ticket = self.ticket
            url = f"nats-leaf://{ticket.user}:{ticket.password}@{ticket.address}"
            leaf |= {"reconnect": "1s", "remotes": [{"urls": [url], "account": PARENT_ACCOUNT}]}
        return {"server_name": f"haidang-{self.site}"} | ({"leafnodes": leaf} if leaf else {})

    def exports(self) -> list[dict[str, Any]]:
        """What the account with the streams gives away: the stream of alerts, to read, to the parent."""
        if self.ticket is None:
            return []
        return [_export(request) for request in _OF_ALERTS]

    def accounts(self, account: str) -> dict[str, Any]:
        """The accounts in which leaf connections end; without a listener too, for our link to enter."""
        made: dict[str, Any] = {}
        if self.ends.system:
            made[SYSTEM_ACCOUNT] = {"users": [_system(self.ends.system)]}
        if self.ticket is not None:
            made[PARENT_ACCOUNT] = {
                "users": [_link("parent", self.ends.parent, (), (BEAT, DAYS))],
                "imports": [
                    {
                        "service": {"account": account, "subject": _API + request},
                        "to": f"{READ_PREFIX}.{request}",
                    }
                    for request in _OF_ALERTS
                ],
            }
        for child in self.children:
            leaf = {
                "user": leaf_user(child),
                "password": self.ends.leaves[child],
                "allowed_connection_types": ["LEAFNODE"],
                # Seen from here: what may come from the child, and what may go there.
                "permissions": {
                    "publish": {"allow": [ACTS, _INBOX, "$JS.ACK.>"]},
                    "subscribe": {"allow": ["child.>", _INBOX]},
                },
            }
            asks = (BEAT, DAYS, f"{READ_PREFIX}.>")
            made[child_account(child)] = {
                "users": [leaf, _link(child, self.ends.children[child], asks, (ACTS,))]
            }
        return made


def child_account(site: str) -> str:
    """Name of the account in which a child's leaf ends."""
    return f"CHILD-{site}"


def leaf_user(site: str) -> str:
    """Whom a child's server comes as."""
    return f"leaf-{site}"


def link_user(site: str) -> str:
    """Our link service's name in the account of a child, or of `parent`."""
    return f"link-{site}"


def write_tickets(data: Path, site: str, address: str, ends: Ends, children: tuple[str, ...]) -> list[Path]:
    """Write the file for each child that is to be carried to it; those that are right already stay."""
    folder = data / CHILDREN
    folder.mkdir(mode=0o700, exist_ok=True)
    written = []
    for child in children:
        ticket = Ticket(child, site, address, leaf_user(child), ends.leaves[child])
        file = folder / f"{child}.json"
        if _read(file, Ticket) != ticket:
            write_private(file, json.dumps(msgspec.to_builtins(ticket), indent=1) + "\n")
            written.append(file)
    return written


def read_ticket(data: Path) -> Ticket | None:
    """What the parent handed to us; None while the data folder has no such file."""
    return _read(data / PARENT, Ticket)


def ticket_for(data: Path, site: str, parent: str) -> Ticket | None:
    """What that parent handed to this very site; None while the data folder has nothing, or another's."""
    ticket = read_ticket(data)
    return ticket if ticket is not None and (ticket.site, ticket.parent) == (site, parent) else None


def read_ends(data: Path) -> Ends | None:
    """The passwords of our own ends; None where `up` has made none."""
    return _read(data / OWN, Ends)


def _read(file: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None


def _export(request: str) -> dict[str, Any]:
    streams = {"response_type": "stream"} if "MSG.NEXT" in request else {}
    return {"service": _API + request, "accounts": [PARENT_ACCOUNT], **streams}


def _system(password: str) -> dict[str, Any]:
    """Whom `up` comes as to close a leaf: from this machine, and for nothing else."""
    may = {"publish": {"allow": list(_CLOSING)}, "subscribe": {"allow": [_INBOX]}}
    only = {"allowed_connection_types": ["STANDARD"], "permissions": may}
    return {"user": SYSTEM_USER, "password": password, **only}


def _link(site: str, password: str, asks: tuple[str, ...], answers: tuple[str, ...]) -> dict[str, Any]:
    """Our link service in such an account. It answers what the other end asks, and asks what it may."""
    replies: dict[str, Any] = {"allow_responses": {"max": 1, "expires": "1m"}} if answers else {}
    more = (ACTS,) if site == "parent" else ()
    publish = [*asks, *more, NOBODY]
    may = {"publish": {"allow": publish}, "subscribe": {"allow": [_INBOX, *answers]}, **replies}
    return {"user": link_user(site), "password": password, "permissions": may}
