"""Roads over HTTP against receivers as they are: slow, talkative, portals, redirecting."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import msgspec
import pytest

from services.observation.delivery import Letter, Words
from services.policy.road_nouns import Road
from services.roads.carrier import Parcel
from services.roads.notify import Apprise
from services.roads.patience import Answer
from services.roads.speaker import SpeakerByHttp
from services.roads.web import Webhook
from tests.support.receivers import Http

KEYS = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",)
SAID = Words(title="NGẬP", short="NGAP", text="Ngập", html="", spoken="Cảnh báo: ngập lụt. Tôi xin nhắc lại.")
EVENT = Parcel(Letter(id="e1", stored_us=1), ({"id": "e1", "data": {}},))
WORDS = Parcel(Letter(id="w1", stored_us=1_763_600_400_000_000, severity="warning", words=SAID))


@contextmanager
def raw(answer: bytes, pause_s: float = 0.0) -> Iterator[str]:
    """A server that answers each connection with these bytes, one by one where there is a pause."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.02)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                line, _ = listening.accept()
            except TimeoutError:
                continue
            with line:
                line.settimeout(40)
                try:
                    line.recv(65_536)
                    for piece in [answer] if not pause_s else [answer[:40], *(b"x" for _ in range(200))]:
                        line.sendall(piece)
                        if ended.wait(pause_s):
                            return
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        ended.set()
        thread.join()
        listening.close()


def road(url: str, **more: object) -> Road:
    made: dict[str, object] = {"id": "r", "kind": "webhook", "url": url, "secret": "s", "timeout_s": 0.4}
    return Road(**{**made, **more})  # type: ignore[arg-type]


def carried(url: str, timeout_s: float = 40) -> tuple[Answer, float]:
    async def work() -> Answer:
        carrier = Webhook(road(url, timeout_s=timeout_s), KEYS)
        try:
            return await carrier.carry(EVENT)
        finally:
            await carrier.close()

    begun = time.monotonic()
    return asyncio.run(work()), time.monotonic() - begun


HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"


def test_an_answer_that_drips_does_not_hold_the_road_up() -> None:
    """Each byte came in time, and so the road waited for ever."""
    with raw(HEAD, pause_s=0.05) as url:
        answer, took = carried(url, 0.4)
    assert (answer.trouble, answer.word) == ("away", "no answer within 0.4 s")
    assert took < 9, "two hundred bytes, one every 0.05 s"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 38\r\n\r\n<!DOCTYPE html><html>Sign in</html>....", "web page"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", "RemoteProtocolError"),
        (
            b"HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            "HTTP 307 redirects to http://127.0.0.1:1/, which is not followed",
        ),
        (b"nonsense\r\n\r\n", "RemoteProtocolError"),
    ],
)
def test_what_is_no_receipt_is_tried_again(answer: bytes, said: str) -> None:
    with raw(answer) as url:
        found, _ = carried(url)
    assert found.trouble == "away"
    assert said in found.word


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    with raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n" + b"x" * 300_000) as url:
        found, _ = carried(url)
    assert found.taken
    assert len(found.word) < 300


def test_a_loudspeaker_takes_its_announcement_by_http() -> None:
    http = Http()
    try:

        async def work() -> tuple[Answer, Answer]:
            speaker = SpeakerByHttp(
                road(http.url + "/loa", kind="loudspeaker", areas=("a",), timeout_s=40), "hush"
            )
            http.refuse = lambda _: 503
            away = await speaker.carry(WORDS)
            http.refuse = None
            taken = await speaker.carry(WORDS)
            await speaker.close()
            return away, taken

        away, taken = asyncio.run(work())
    finally:
        http.down()
    assert (away.trouble, taken.taken) == ("away", True)
    (post,) = http.taken
    assert (post.path, post.headers["authorization"]) == ("/loa", "Bearer hush")
    assert post.headers["idempotency-key"] == post.json["id"] == "w1"
    assert post.json["text"] == SAID.spoken
    assert {key: post.json[key] for key in ("v", "status", "severity", "language", "areas", "time")} == {
        "v": 1,
        "status": "Actual",
        "severity": "warning",
        "language": "vi",
        "areas": ["a"],
        "time": "2025-11-20T01:00:00Z",
    }


def test_a_receiver_that_hangs_takes_no_thread_from_other_roads() -> None:
    """The loop's own threads are shared: six hanging sends, and no mail went out any more."""

    async def work() -> bool:
        hanging = Apprise(
            msgspec.structs.replace(road("", kind="apprise"), timeout_s=0.05), ("json://127.0.0.1:1",)
        )
        ended = threading.Event()
        hanging._send = lambda parcel: ended.wait() and Answer("none", "")  # type: ignore[assignment, method-assign, return-value]
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
        try:
            for _ in range(6):
                assert (await hanging.carry(WORDS)).trouble == "away"
            async with asyncio.timeout(40):
                return await asyncio.to_thread(lambda: True)
        finally:
            ended.set()
            await hanging.close()

    assert asyncio.run(work())


def test_two_candidates_never_work_at_once_and_the_second_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from nats.js.errors import APIError, NotFoundError

    from services.roads import alone

    monkeypatch.setattr(alone, "SAY_S", 0.01)
    monkeypatch.setattr(alone, "LOOK_S", 0.01)
    monkeypatch.setattr(alone, "_is_gone", lambda _: False)

    class Bucket:
        """One key that takes a word only behind the last."""

        seq, data = 0, b""

        async def get_last_msg(self, *_: object) -> object:
            if not self.seq:
                raise NotFoundError
            return SimpleNamespace(seq=self.seq, data=self.data)

        async def publish(self, _: str, data: bytes, headers: dict[str, str], timeout: float) -> object:  # noqa: ASYNC109
            if int(headers[alone.EXPECTED]) != self.seq:
                raise APIError(code=400, err_code=alone.WRONG_LAST)
            self.seq, self.data = self.seq + 1, data
            return SimpleNamespace(seq=self.seq)

    working: list[str] = []
    most = 0

    def work(name: str) -> object:
        async def run(ended: asyncio.Event) -> None:
            nonlocal most
            working.append(name)
            most = max(most, len(working))
            await ended.wait()
            working.remove(name)

        return run

    async def begun() -> None:
        while not working:  # noqa: ASYNC110  it also goes away again
            await asyncio.sleep(0.01)

    async def scene() -> list[list[str]]:
        bucket, seen = Bucket(), []
        stops = [asyncio.Event(), asyncio.Event()]
        tasks = [
            asyncio.create_task(alone.Alone(bucket).work(work(name), stop))  # type: ignore[arg-type]
            for name, stop in zip("ab", stops, strict=True)
        ]
        async with asyncio.timeout(40):
            await begun()
            await asyncio.sleep(0.1)  # the other has looked, and more than once
            seen.append(list(working))
            first = "ab".index(working[0])
            stops[first].set()
            await tasks[first]
            await begun()
            seen.append(list(working))
            stops[1 - first].set()
            await asyncio.gather(*tasks)
        return seen

    first, second = asyncio.run(scene())
    assert most == 1
    assert sorted(first + second) == ["a", "b"]


def test_a_fault_of_ours_in_one_letter_is_that_letters_trouble() -> None:
    """An exception in a carrier ended the process, and every road with it, again and again."""
    from typing import Any, cast
    from zoneinfo import ZoneInfo

    from services.observation.delivery import RoadState
    from services.roads.patience import Trying
    from services.roads.runner import Parts, Runner

    class Broken:
        """Whatever it is asked, it does or breaks."""

        aside = ()
        state = RoadState(road="r", kind="webhook")

        async def carry(self, _: Parcel) -> Answer:
            msg = "linefeed in a header"
            raise ValueError(msg)

        async def record(self, *_: object) -> None:
            """Nothing."""

        def settle(self, _: str) -> None:
            """Nothing."""

    broken = cast("Any", Broken())
    runner = Runner(
        road(""), Parts(broken, broken, broken, broken, ZoneInfo("Asia/Ho_Chi_Minh"), lambda: 0.5)
    )
    answer = asyncio.run(runner._attempts.carry(EVENT, Trying()))
    assert (answer.trouble, answer.word) == ("refused", "ValueError: linefeed in a header")
    assert broken.state.failing_since == 0, "the road itself is well"
