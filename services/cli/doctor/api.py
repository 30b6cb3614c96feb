"""What the api knows: readiness, rejects, and what it lists of gateways. Over HTTP, here or far away."""

import json
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from services.cli.doctor.clock import GatewayClock, of_gateways
from services.cli.doctor.finding import Finding, Level, lasting, named, ok, wrong
from services.cli.doctor.gateways import accounts, gateways
from services.observation.instants import micros
from services.observation.text import Text

TIMEOUT_S = 5.0
PAGE, PAGES = 10_000, 20
REJECTS = 1_000
LATELY_US = 3_600_000_000
FUTURE = "time_in_future"


class Api(NamedTuple):
    """What was answered; `status` 0: nobody answers there. `date` is the server's clock, seconds."""

    status: int
    ready: dict[str, Any]
    gateways: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    reject_counts: dict[str, int]
    metrics: str
    date: float | None
    error: str = ""


class Client:
    """GETs, with the administrator's token where there is one, and past any proxy."""

    def __init__(self, base: str, token: str | None) -> None:
        self._base = base.rstrip("/").replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str) -> tuple[int, bytes, float | None]:
        """Status, body and the server's clock; status 0 when nobody answers."""
        request = urllib.request.Request(self._base + path, headers=self._headers)  # noqa: S310  checked by `run`
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return answer.status, answer.read(), _date(answer.headers.get("Date"))
        except urllib.error.HTTPError as error:
            return error.code, error.read(), _date(error.headers.get("Date"))
        except (OSError, ValueError) as error:
            return 0, str(getattr(error, "reason", error)).encode(), None

    def document(self, path: str) -> dict[str, Any]:
        """A JSON object; empty when there is none."""
        status, body, _ = self.get(path)
        return _object(body) if status in (200, 503) else {}

    def items(self, path: str) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        found: list[dict[str, Any]] = []
        after = ""
        for _ in range(PAGES):
            page = self.document(f"{path}?limit={PAGE}{after}")
            found += page.get("items", [])
            if page.get("next") is None:
                break
            after = f"&after={page['next']}"
        return found


def ask(base: str, token: str | None) -> Api:
    """Everything that is needed, in turn."""
    client = Client(base, token)
    status, body, date = client.get("/readyz")
    if status == 0:
        return Api(0, {}, [], [], {}, "", None, body.decode("utf-8", "replace"))
    rejects = client.document(f"/api/v1/rejects?limit={REJECTS}")
    answered, metrics, _ = client.get("/metrics")
    return Api(
        status,
        _object(body),
        client.items("/api/v1/gateways"),
        rejects.get("items", []),
        rejects.get("counts", {}),
        metrics.decode("utf-8", "replace") if answered == 200 else "",  # noqa: PLR2004  OK
        date,
        "unauthorized" if answered == 401 else "",  # noqa: PLR2004  Unauthorized
    )


def judge(api: Api, now_us: int, site: Mapping[str, float] | None = None) -> Iterator[Finding]:
    """What it means. `site`: seconds between reports by gateway, where the site's files are known."""
    if api.status == 0:
        yield wrong(
            Level.BAD,
            "service",
            "api_away",
            Text(f"API không trả lời: {api.error}", f"the api does not answer: {api.error}"),
            Text("kiểm tra địa chỉ và logs/api.log", "look at the address and at logs/api.log"),
        )
        return
    if api.error:
        yield wrong(
            Level.BAD,
            "service",
            "unauthorized",
            Text("API cần mã truy cập", "the api wants a token"),
            Text(
                "chạy trên máy chủ với --data, hoặc thêm --token TỆP (admin-token trong thư mục dữ liệu)",
                "run it on the server with --data, or add --token FILE (admin-token of its data folder)",
            ),
        )
        return
    yield from readiness(api.ready)
    yield from gateways(api.gateways, _too_early(api.rejects, now_us), now_us)
    yield from accounts(api.gateways)
    yield from rejects(api.rejects, api.reject_counts, now_us)
    reporting = site or {}
    clocks = [
        GatewayClock(
            str(gateway["id"]),
            micros(gateway["last_received_at"]),
            micros(gateway["clock"]),
            float(gateway.get("reporting_s") or reporting.get(gateway["id"], 0.0) or 0.0),
        )
        for gateway in api.gateways
        if gateway.get("last_received_at") and gateway.get("clock")
    ]
    yield from of_gateways(clocks, _too_early(api.rejects, now_us), now_us)


def readiness(ready: Mapping[str, Any]) -> Iterator[Finding]:
    """Every check of `/readyz` that is not well, or that all are."""
    bad = [check for check in ready.get("checks", []) if check["state"] != "ok"]
    for check in bad:
        note = check.get("note") or {"vi": check["name"], "en": check["name"]}
        yield wrong(
            Level.BAD if check["needed"] else Level.WARN,
            "service",
            f"readyz.{check['name']}",
            Text(str(note["vi"]), str(note["en"])),
            Text("xem nhật ký dịch vụ này", "look at the log of that service"),
        )
    if ready.get("checks") and not bad:
        yield ok("service", "readyz", "cảnh báo hoạt động", "alerting works")


def rejects(newest: Sequence[Mapping[str, Any]], counts: Mapping[str, int], now_us: int) -> Iterator[Finding]:
    """Rejects by reason: those of the last hour are told one by one, older ones as a number."""
    lately: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for reject in newest:
        if now_us - micros(reject["received_at"]) < LATELY_US:
            lately[str(reject["reason"])].append(reject)
    for reason, found in sorted(lately.items(), key=lambda one: -len(one[1])):
        first = found[0]
        text = first.get("text") or {"vi": reason, "en": reason}
        remedy = first.get("remedy") or {"vi": "xem docs/rejects.md", "en": "see docs/rejects.md"}
        who = named(sorted({str(r.get("gateway") or r.get("topic") or "?") for r in found}), 4)
        total = sum(int(r.get("count") or 1) for r in found)
        ago = lasting(max(0.0, (now_us - max(micros(r["received_at"]) for r in found)) / 1e6))
        yield wrong(
            Level.WARN,
            "reading",
            f"rejects.{reason}",
            Text(
                f"bị loại {total} lần: {text['vi']} ({who}); lần cuối {ago.vi} trước",
                f"rejected {total}×: {text['en']} ({who}); last {ago.en} ago",
            ),
            Text(str(remedy["vi"]), str(remedy["en"])),
            min(micros(r["received_at"]) for r in found),
            {"count": total},
        )
    older = {reason: count for reason, count in counts.items() if reason not in lately}
    if older:
        told = named(f"{reason} {count}" for reason, count in sorted(older.items(), key=lambda one: -one[1]))
        yield ok("reading", "rejects_older", f"bị loại trước đây: {told}", f"rejected earlier: {told}")
    elif not lately:
        yield ok("reading", "rejects", "không có gì bị loại", "nothing was rejected")


def _too_early(newest: Sequence[Mapping[str, Any]], now_us: int) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for reject in newest:
        fresh = now_us - micros(reject["received_at"]) < LATELY_US
        if fresh and reject["reason"] == FUTURE and reject.get("gateway"):
            found[str(reject["gateway"])] += 1
    return dict(found)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except ValueError:
        return None
