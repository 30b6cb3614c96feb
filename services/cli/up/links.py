"""What `up` prepares for links: accounts for children, the file each is handed, the way to the parent."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from services.alerts.hazards import hazards
from services.cli.words import say
from services.observation.site import ALERTING, Site
from services.observation.text import Text
from services.policy.alerting import read_alerting
from services.policy.links import Links
from services.runtime import leaf
from services.runtime.leaf import Ends, Leaf, Listen, Ticket
from services.runtime.settings import Settings, SettingsError
from services.runtime.settings import address as host_and_port

NO_LISTENER, NO_TICKET, WRONG_TICKET = "links-leaf", "links-ticket", "links-other-ticket"
"""Codes of what a person must still do before a declared link can work."""


class Prepared(NamedTuple):
    """What our server needs, the files that are new and are to be carried, what is wanting by its code."""

    leaf: Leaf
    written: list[Path]
    wanting: dict[str, Text]


def declared(files: Mapping[str, bytes], site: Site) -> Links:
    """The links that a site's files declare; none where the file can't be read, which `site check` tells."""
    return read(files, site) or Links()


def read(files: Mapping[str, bytes], site: Site) -> Links | None:
    """The links that a site's files declare; None where the file can't be read."""
    policy, _ = read_alerting(files.get(ALERTING), site, tuple(hazards()))
    return None if policy is None else policy.links


def prepare(data: Path, site: str, links: Links, settings: Settings, *, own_server: bool) -> Leaf | None:
    """What our server needs to be linked; says what is still to be carried from one site to the other.

    Raises:
        SettingsError: the file of another site lies where the parent's is to be.
    """
    if not own_server:
        if links.any:
            say(
                "links: the server is someone else's; its leaf nodes are set up there, see docs/links.md"
                " / máy chủ NATS là của nơi khác; cấu hình liên kết ở đó"
            )
        return None
    made = prepared(data, site, links, settings)
    if WRONG_TICKET in made.wanting:
        text = made.wanting[WRONG_TICKET]
        msg = f"{text.en} / {text.vi}"
        raise SettingsError(msg)
    if settings.leaf is not None and not links.children:
        say("links: --leaf is ready for sites below; none is declared yet / chưa khai báo [[child]] nào")
    tell(made)
    return made.leaf


def tell(made: Prepared) -> None:
    """Say to whoever sits at the terminal what is to be carried, and what is wanting."""
    for file in made.written:
        say(
            f"link: carry {file} to that site, as parent.json in its data folder (it holds a password)"
            f" / mang tệp này đến địa bàn đó, đặt vào thư mục dữ liệu với tên parent.json"
        )
    for text in made.wanting.values():
        say(f"link: {text.en} / {text.vi}")


def prepared(data: Path, site: str, links: Links, settings: Settings) -> Prepared:
    """What our own server needs for these links; writes the files for children that are new."""
    children = tuple(child.site for child in links.children)
    ends = Ends.keep(data, children) if links.any else leaf.read_ends(data) or Ends()
    listen, written, wanting = None, [], {}
    if settings.leaf is not None:
        listen = Listen(*host_and_port(settings.leaf, "leaf"))
        if children:
            written = leaf.write_tickets(data, site, settings.leaf, ends, children)
    elif children:
        wanting[NO_LISTENER] = Text(
            "đã khai báo [[child]] nhưng `up` chạy không có --leaf HOST:PORT; khởi động lại `up` với --leaf",
            "sites below are declared, but `up` runs without --leaf HOST:PORT: start it again with --leaf",
        )
    ticket = None
    if links.parent is not None:
        ticket = _ticket(data, site, links.parent.site, links.parent.address, wanting)
    return Prepared(Leaf(site, ends, children, listen, ticket), written, wanting)


def _ticket(
    data: Path, site: str, wanted: str, address: str | None, wanting: dict[str, Text]
) -> Ticket | None:
    """What the parent handed to us, if it is for us and of that parent. `address`: instead of its own."""
    file = data / leaf.PARENT
    ticket = leaf.read_ticket(data)
    if ticket is None:
        wanting[NO_TICKET] = Text(
            f"thiếu {file}; cấp trên {wanted} cấp tệp này (children/{site}.json)",
            f"{file} is missing; the parent {wanted} makes it as children/{site}.json",
        )
        return None
    if (ticket.site, ticket.parent) != (site, wanted):
        wanting[WRONG_TICKET] = Text(
            f"{file} là của {ticket.site} dưới {ticket.parent}, không phải của {site} dưới {wanted};"
            " đặt đúng tệp vào đó",
            f"{file} is for site {ticket.site} under {ticket.parent}, not for {site} under {wanted}:"
            " put the right one there",
        )
        return None
    if address is not None:
        ticket = replace(ticket, address=address)
    if not ticket.usable:  # our server would not start with it: everything else goes on without the parent
        wanting[NO_TICKET] = Text(
            f"{file} có tên, mật khẩu hoặc địa chỉ ({ticket.address[:80]!r}) không dùng được; xin tệp mới",
            f"{file} holds a name, password or address ({ticket.address[:80]!r}) of no use: get a new one",
        )
        return None
    return ticket
