"""A parent's side of what goes down: requests and own bulletins, on ACTS until the child has fetched them."""

import msgspec
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import APIError, NotFoundError

from services.alerts.link import bulletins as link_bulletins
from services.alerts.link import requests as link_requests
from services.alerts.link.bulletins import Bulletin, bulletin_subject
from services.alerts.link.own import Own
from services.alerts.log import EXPECTED, ID, WRONG_LAST
from services.observation.instants import SECOND, micros
from services.observation.links import ACTS, Request, subject_of
from services.runtime import leaf, logging, streams
from services.runtime.clock import now_us
from services.runtime.nats import Connection, NatsError
from services.runtime.position import hash_of

AT_ONCE = 20
OLD_US = 72 * 3600 * SECOND
"""A bulletin is not sent down any more when it is older: nothing lasts so long."""
log = logging.get("link")


class Down(msgspec.Struct, frozen=True):
    """A child asks for what waits for it behind a sequence of ACTS. `hash`: of what it was given there."""

    site: str
    after: int
    hash: str = ""


class One(msgspec.Struct, frozen=True):
    """A message of ACTS."""

    sequence: int
    subject: str
    data: str


class Fetched(msgspec.Struct, frozen=True):
    """What waits. `last`: the end of ACTS."""

    site: str
    last: int
    items: list[One]


async def pass_on(js: JetStreamContext, child: str, what: Request | Bulletin) -> None:
    """Put a request or a bulletin where a child fetches it; again is no harm: the child knows its id."""
    if isinstance(what, Request):
        await js.publish(subject_of(child, what), link_requests.encode(what), headers={ID: what.id})
        return
    try:
        headers = {ID: f"{child}/{what.id}", EXPECTED: "0"}
        await js.publish(bulletin_subject(child, what), link_bulletins.encode(what), headers=headers)
    except APIError as error:
        if error.err_code != WRONG_LAST:  # it stands there
            raise


class Requests:
    """Hands a child what waits for it, and nothing that is for others."""

    def __init__(self, own: Own, js: JetStreamContext, connection: Connection, child: str) -> None:
        """`js` is the own site's; `connection` leads into the child's account."""
        self._own, self._js, self._nc, self._child = own, js, connection.nc, child

    async def serve(self) -> None:
        """Answer from now on, for as long as the connection lasts."""
        await self._nc.subscribe(leaf.ACTS, cb=self._give)

    async def _place(self, asked: Down) -> int:
        """Behind what to read on: from the start where ACTS tells another story there than it did."""
        if not asked.after or not asked.hash:
            return asked.after
        try:
            there = await self._js.get_msg(streams.ACTS, seq=asked.after)
        except NotFoundError:  # it was kept its time; or ACTS was restored, and ends before
            return asked.after
        return asked.after if hash_of(there.data or b"") == asked.hash else 0

    async def _give(self, message: Msg) -> None:
        try:
            asked = msgspec.json.decode(message.data, type=Down)
            info = await self._js.stream_info(streams.ACTS)
            items: list[One] = []
            after = await self._place(asked)
            # Who comes with this child's password and is another site gets nothing that is for the child.
            while asked.site == self._child and len(items) < AT_ONCE:
                try:
                    found = await self._js.get_msg(
                        streams.ACTS, seq=after + 1, subject=f"{ACTS}.{self._child}.>", next=True
                    )
                except NotFoundError:
                    break
                after = int(found.seq or after + 1)
                items.append(One(after, found.subject or "", (found.data or b"").decode("utf-8", "replace")))
            fetched = Fetched(self._own.site, int(info.state.last_seq), items)
            await message.respond(msgspec.json.encode(fetched))
        except (NatsError, APIError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            log.warning("requests_not_given", child=self._child, error=repr(error))


async def send_bulletins(own: Own, js: JetStreamContext, children: list[str]) -> None:
    """Send own bulletins down that were issued since; those that fail stay for the next time."""
    while own.bulletins:
        bulletin = own.bulletins[0]
        if _age(bulletin) < OLD_US:
            for child in children:
                await pass_on(js, child, bulletin)
        own.bulletins.popleft()


def _age(bulletin: Bulletin) -> int:
    try:
        return now_us() - micros(bulletin.sent)
    except ValueError:
        return 0
