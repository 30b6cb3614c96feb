"""The lighting service: plans to the controllers, orders until they are confirmed. The shell around the loop.

It keeps nothing: what was ordered, sent and answered stands in COMMANDS, and a service that starts reads that
first. So it may be killed at any moment, and two of them at once only send the same twice.

Over 250 lines: four streams are followed into one loop; they share every field.
"""

import asyncio
from collections.abc import Callable, Coroutine

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.lighting import brighten, desired
from services.lighting.brighten import Alerts
from services.lighting.desired import Plans
from services.lighting.ledger import Ledger
from services.lighting.loop import Patience, decide, next_due
from services.lighting.site_lighting import FILE, read_lighting
from services.lighting.stream import CommandLog
from services.observation import command as nouns
from services.observation import event as events
from services.observation import messages, site_files, topics
from services.observation.instants import SECOND
from services.runtime import digest, logging, sites
from services.runtime.clock import now_us
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.health import Health
from services.runtime.nats import NatsError, connect
from services.runtime.pause import pause
from services.runtime.position import sequence_before
from services.runtime.settings import Settings
from services.runtime.streams import ALERTS, COMMANDS, READINGS

NAME = "lighting"
LOOK_BACK_US = 8 * 86_400 * SECOND
"""What is read of COMMANDS at the start: longer than any plan or lease lasts."""
KEEP_US = 2 * 86_400 * SECOND
LOOK_BACK_MESSAGES = 10_000
READ_WITHIN_US = 600 * SECOND
"""A gateway that came online so lately is asked what it holds; the question is of use so long, too."""
ALERT_TYPE = b'"type":"vn.haidang.alert.'
EVERY_S = 1.0
SOON_S = 0.01
SITE_EVERY_S = 2.0
RETRY_S = 0.5
FETCH = 500
# Streets are lit whatever sensors there are: those tables are not read here.
_NO_SENSORS = {
    "sensors.csv": b"sensor,unit,interval_s,reports,clock,fail_min,fail_max,suspect_min,suspect_max,"
    b"rate_per_s,spike\n",
    "rules.toml": b"",
}
TROUBLE = (NatsError, APIError, TimeoutError, OSError)
log = logging.get(NAME)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Run until told to stop."""
    connection = await connect(settings, NAME, stop=stop)
    health = Health(connection.js, NAME)
    service = Service(
        connection.js, health, stop, Patience(settings.command_confirm_s, settings.command_repeats)
    )
    tasks = [asyncio.create_task(work) for work in (health.run(), *service.workers())]
    told = asyncio.create_task(stop.wait())
    try:
        # The first to end ends all: we were told to stop, or it failed and a clean start is due.
        done, _ = await asyncio.wait([told, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (told, *tasks):
            task.cancel()
        await asyncio.gather(told, *tasks, return_exceptions=True)
        await connection.close()


class Service:
    """What is known, and who brings it."""

    def __init__(self, js: JetStreamContext, health: Health, stop: asyncio.Event, patience: Patience) -> None:
        """Know nothing yet."""
        self._js, self._health, self._stop, self._patience = js, health, stop, patience
        self._ledger, self._alerts = Ledger(), Alerts()
        self._online: dict[str, int] = {}
        self._version = self._site = ""
        self._areas: dict[str, str] = {}
        self._plans: Plans | None = None
        self._log: CommandLog | None = None
        self._wake = asyncio.Event()
        self._lit, self._brightens = asyncio.Event(), asyncio.Event()
        self._read: set[str] = set()  # streams read up to where they ended when we came

    def workers(self) -> tuple[Coroutine[None, None, None], ...]:
        """Everything that runs side by side."""
        return (
            self._follow_site(),
            self._follow(COMMANDS, [], self._begin_commands, self._take_command),
            self._follow(ALERTS, [], self._begin_alerts, self._take_alert),
            self._follow(READINGS, [topics.READINGS_ALL], self._begin_readings, self._take_gateway),
            self._work(),
        )

    # --- the loop -------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            if self._log is not None and COMMANDS in self._read:
                if await self._turn(self._log):
                    self._health.settle("commands-refused")
                else:
                    self._health.complain(
                        "commands-refused",
                        "Chưa ghi hoặc gửi được lệnh chiếu sáng; đang thử lại",
                        "commands to street lights can't be written or sent; trying again",
                    )
                    await asyncio.sleep(RETRY_S)
                self._health.ready()
            due = next_due(self._ledger, now_us(), self._patience)
            await pause(
                self._wake, EVERY_S if due is None else min(EVERY_S, (due - now_us()) / SECOND + SOON_S)
            )

    async def _turn(self, commands: CommandLog) -> bool:
        """Order what follows from files and alerts, then do what is due; False when something failed."""
        now = now_us()
        self._ledger.forget(now - KEEP_US)
        orders = []
        if self._plans is not None:
            orders = desired.programmes(self._site, self._plans, self._ledger, self._areas, now)
            orders += self._questions(now)
            if ALERTS in self._read:
                lighting, open_ones = self._plans.lighting, self._alerts.open.values()
                orders += brighten.orders(self._site, lighting, self._ledger, open_ones, self._areas, now)
        well = await commands.order(orders, now)
        acts = decide(self._ledger, now, self._online, self._patience)
        well = await commands.do(acts, now) and well
        unconfirmed = sum(one.state == "unconfirmed" for one in self._ledger)
        self._health.figure("commands", len(self._ledger))
        self._health.figure("unconfirmed", unconfirmed)
        return well

    def _questions(self, now: int) -> list[desired.Order]:
        """Ask each controller that came online what it holds: it may have lost its memory."""
        if self._plans is None:
            return []
        ours = {gateway for group in self._plans.lighting.groups.values() for gateway in group.lamps}
        found = []
        for gateway, since in self._online.items():
            if gateway in ours and gateway in self._areas and since > now - READ_WITHIN_US:
                order = desired.read_order(
                    self._site, (gateway, self._areas[gateway]), since, now, READ_WITHIN_US
                )
                if self._ledger.get(order.command.id) is None:
                    found.append(order)
        return found

    # --- what is followed -----------------------------------------------------------------------

    async def _follow(
        self,
        stream: str,
        subjects: list[str],
        begin: Callable[[], Coroutine[None, None, int]],
        take: Callable[[Message], None],
    ) -> None:
        """Read a stream for ever; from its beginning again when it is not what it was."""
        while True:
            follower: Follower | None = None
            try:
                after = await begin()
                end = (await self._js.stream_info(stream)).state.last_seq
                follower = Follower(self._js, stream, subjects, after)
                quiet, taken = 0, after
                while True:
                    found = await follower.fetch(FETCH, EVERY_S if stream in self._read else 0.2)
                    for message in found:
                        take(message)
                        taken = message.sequence
                    follower.gaps.clear()
                    quiet = 0 if found else quiet + 1
                    # Quiet without having seen `end`: the last messages were of other subjects, or deleted.
                    if stream not in self._read and (taken >= end or quiet > 5):  # noqa: PLR2004
                        self._read.add(stream)
                        log.info("read", stream=stream, up_to=end)
                        self._wake.set()
            except TailLost as lost:
                log.warning("tail_lost", stream=stream, last=lost.last)
                self._read.discard(stream)
            except TROUBLE as error:
                log.warning("stream_unreadable", stream=stream, error=repr(error))
                await asyncio.sleep(RETRY_S)
            finally:
                if follower is not None:
                    await follower.close()

    async def _begin_commands(self) -> int:
        self._read.discard(COMMANDS)
        self._ledger = Ledger()
        if self._site:
            self._log = CommandLog(self._js, self._site, self._ledger)
        return await sequence_before(self._js, COMMANDS, now_us() - LOOK_BACK_US)

    def _take_command(self, message: Message) -> None:
        try:
            event = nouns.decode_event(message.data)
        except msgspec.MsgspecError as error:
            log.warning("event_unreadable", sequence=message.sequence, error=repr(error))
            return
        if self._ledger.apply(message.sequence, event) is not None:
            self._wake.set()

    async def _begin_alerts(self) -> int:
        # Nobody is woken by alerts where nothing is brightened by them.
        await self._brightens.wait()
        self._read.discard(ALERTS)
        self._alerts = Alerts()
        return (await digest.begin(self._js, self._take_alert, lately_us=KEEP_US)).after

    def _take_alert(self, message: Message) -> None:
        if ALERT_TYPE not in message.data:
            return  # of a situation: its members are there themselves
        try:
            self._alerts.apply(events.decode(message.data))
        except msgspec.MsgspecError as error:
            log.warning("alert_unreadable", sequence=message.sequence, error=repr(error))
        self._wake.set()

    async def _begin_readings(self) -> int:
        await self._lit.wait()
        return max((await self._js.stream_info(READINGS)).state.last_seq - LOOK_BACK_MESSAGES, 0)

    def _take_gateway(self, message: Message) -> None:
        if message.kind != messages.GATEWAY:
            return
        try:
            state = messages.decode_gateway(message.data)
        except msgspec.MsgspecError as error:
            log.warning("message_unreadable", sequence=message.sequence, error=repr(error))
            return
        if state.status == "online":
            self._online[state.gateway] = state.t
            self._wake.set()

    # --- the site -------------------------------------------------------------------------------

    async def _follow_site(self) -> None:
        while True:
            try:
                current = await sites.current(self._js)
                if current is not None and current.version != self._version:
                    await self._use(current.version)
            except (*TROUBLE, ValueError) as error:
                log.warning("site_unreadable", error=repr(error))
            await asyncio.sleep(SITE_EVERY_S if self._version else RETRY_S)

    async def _use(self, version: str) -> None:
        """Read a site version; one that can't be used leaves the streets as they were lit before."""
        files = await sites.files_of(self._js, version)
        site, problems = await asyncio.to_thread(site_files.parse, {**files, **_NO_SENSORS})
        if site is None:
            self._refuse(str(problems[0]))
            return
        lighting, found = read_lighting(files.get(FILE), site)
        if lighting is None and found:
            self._refuse(str(found[0]))
            return
        self._health.settle("lighting-unreadable")
        self._areas = {gateway.id: gateway.area for gateway in site.gateways.values()}
        self._plans = None if lighting is None else Plans(lighting)
        if site.id != self._site or self._log is None:
            self._site = site.id
            self._log = CommandLog(self._js, site.id, self._ledger)
        self._version = version
        if lighting is not None:
            self._lit.set()
            if lighting.brighten:
                self._brightens.set()
        self._wake.set()
        groups = 0 if lighting is None else len(lighting.groups)
        self._health.figure("groups", groups)
        log.info("site", version=version, groups=groups)

    def _refuse(self, why: str) -> None:
        self._health.complain(
            "lighting-unreadable",
            f"Không dùng được cấu hình chiếu sáng: {why}",
            f"the site's lighting can't be used: {why}",
        )
