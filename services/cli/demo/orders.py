"""Orders of a story to street lights, given by the API as a person gives them, and what comes of them.

A thread of its own: the API may be slow, and the story goes on.
"""

import contextlib
import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from services.cli.demo.news import Reader
from services.cli.words import out
from services.observation.instants import SECOND, iso, micros
from services.runtime.clock import now_us
from simulators.controllers import DEAD, MUTE, SLOW, WELL

if TYPE_CHECKING:
    from simulators.city.script import ControllerIs, OrderAt, Story
    from simulators.publisher import Publisher

_PATIENCE_S, _LOOK_S, _AGAIN_S = 5.0, 0.5, 2.0
_WORDS = {
    "ordered": ("⇢", "ra lệnh", "ordered"),
    "repeated": ("↻", "gửi lại", "repeated"),
    "confirmed": ("✓", "đã xác nhận", "confirmed"),
    "refused": ("✗", "bị từ chối", "refused"),
    "unconfirmed": ("✗", "không xác nhận", "unconfirmed"),
    "expired": ("✗", "hết hạn", "expired"),
    "ended": ("·", "hết thời hạn", "ended"),
}
BEHAVIOURS = {"dead": DEAD, "mute": MUTE, "slow": SLOW, "well": WELL}
_LAST = ("refused", "expired", "ended", "superseded", "released")


class Orders:
    """Gives the orders of a story when their minute has come, and tells each step until they are done."""

    def __init__(
        self, base: str, story: "Story | None", start: int, who: Reader, publisher: "Publisher"
    ) -> None:
        """`start`: of the story, µs UTC. `publisher`: whose controllers fall ill and recover."""
        self._base, self._who, self._start, self._publisher = base, who, start, publisher
        self._left = sorted(story.order if story else (), key=lambda order: order.minute)
        self._moods = sorted(story.controller if story else (), key=lambda one: one.minute)
        self._told: dict[str, set[str]] = {}
        self._of: dict[str, OrderAt] = {}

    def skip(self, at: int) -> None:
        """Orders before a time of the story were given on an earlier evening."""
        self._left = [order for order in self._left if self._due(order) >= at]

    def reach(self, at: int) -> None:
        """Give what is due at a time of the story, µs UTC; what could not be given is tried again."""
        while self._moods and at >= self._due(self._moods[0]):
            one, commanded = self._moods.pop(0), self._publisher.commanded
            if commanded is not None:
                commanded.controllers.behaviours[one.gateway] = BEHAVIOURS[one.how]
        while self._left and at >= self._due(self._left[0]):
            if not self._give(self._left[0]):
                return
            del self._left[0]

    def run(self, stop: threading.Event, at: Callable[[], int]) -> None:
        """Give and follow until told to stop; `at()`: the time of the story."""
        while not stop.wait(_LOOK_S):
            self.reach(at())
            for command in list(self._told):
                for line in self.news(command):
                    out(line)

    def _due(self, order: "OrderAt | ControllerIs") -> int:
        return self._start + round(order.minute * 60 * SECOND)

    def _give(self, order: "OrderAt") -> bool:
        until = now_us() + round(order.minutes * 60 * SECOND)
        asked = {
            "kind": "override",
            "group": order.group,
            "level": order.level,
            "until": iso(until // SECOND * SECOND),
            "reason": f"{order.reason.vi} / {order.reason.en}",
        }
        request = urllib.request.Request(  # noqa: S310  our own address
            f"{self._base}/api/v1/commands",
            data=json.dumps(asked).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            found = self._ask(request)
        except urllib.error.HTTPError as error:
            if error.code >= 500:  # noqa: PLR2004  not ready yet
                return False
            with contextlib.suppress(OSError, ValueError):
                problem = json.loads(error.read())
                out(f"         ✗ {order.group}: {problem.get('detail', problem.get('title', error))}")
            return True
        except (OSError, http.client.HTTPException, ValueError):
            time.sleep(_AGAIN_S)
            return False
        for command in found["commands"]:
            self._told[command["id"]] = set()
            self._of[command["id"]] = order
        return True

    def news(self, command: str) -> list[str]:
        """What happened to a command since it was last asked."""
        try:
            found = self._ask(urllib.request.Request(f"{self._base}/api/v1/commands/{command}"))  # noqa: S310
        except (OSError, http.client.HTTPException, ValueError):
            return []
        lines = []
        for event in found["events"]:
            if event["id"] in self._told[command]:
                continue
            self._told[command].add(event["id"])
            verb = event["type"].split(".")[-2]
            line = self._line(verb, event, found["command"], self._of[command])
            lines += [line] if line else []
            if verb in _LAST:
                self._told.pop(command)
                break
        return lines

    def _line(
        self, verb: str, event: dict[str, Any], command: dict[str, Any], order: "OrderAt"
    ) -> str | None:
        if verb not in _WORDS:
            return None
        mark, vi, en = _WORDS[verb]
        told = vi if self._who.vietnamese else en
        clock = self._who.clock(micros(event["time"]))
        what = f"{command['gateway']} {order.group} {order.level:g} %"
        why = order.reason.vi if self._who.vietnamese else order.reason.en
        tail = f": {why}" if verb == "ordered" else ""
        return f"{clock} {mark} {told:14} {what}{tail}"

    def _ask(self, request: urllib.request.Request) -> Any:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310  our own
            return json.load(answer)
