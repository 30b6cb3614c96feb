"""Roads out, without a world: what is carried, in which words, and how long a road is patient."""

from email import message_from_bytes
from email.generator import BytesGenerator
from email.policy import default
from io import BytesIO
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.observation import event as events
from services.observation.delivery import Letter
from services.observation.event import Status
from services.observation.instants import SECOND
from services.observation.text import Text
from services.policy.alerting import read_alerting
from services.policy.keeping import Hours, Keeping, Rota, Shift
from services.policy.road_nouns import QuietHours, Retry, Road
from services.roads import signing
from services.roads.carrier import Parcel
from services.roads.choosing import Chooser
from services.roads.mail import message_of, server_of
from services.roads.making import carrier_of
from services.roads.notices import Desk, Notice
from services.roads.notify import judged
from services.roads.patience import Answer, Trying, after, of_http, too_old, wait_s
from services.roads.people import Reader
from services.roads.places import Places
from services.roads.queued import Queue
from services.roads.weekly import next_trial
from services.roads.words import minute_of_day, trial_words, words
from services.runtime import secrets
from services.runtime.errors import OperatorError
from services.runtime.people import Account, Book, Contacts
from tests.support.site_folder import parsed
from tests.support.situations import SITE, T0, alert

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PLACES = Places(
    Text("Vũng Tàu", "Vung Tau"),
    ZONE,
    {"a": Text("Thắng Tam", "Thang Tam")},
    {"st-x": Text("Cầu A", "Bridge A")},
)
DAY = 86_400 * SECOND
MINUTE = 60 * SECOND
EMAIL = Road(id="mail", kind="email", to=("lan",), secret="m", status=("Actual",))
HOOK = Road(id="ioc", kind="webhook", url="http://x/", secret="s")


def notice(severity: str = "warning", status: Status = "Actual", **more: object) -> Notice:
    made: dict[str, object] = {
        "at": T0,
        "name": f"new/{severity}",
        "kind": "new",
        "of": "alert",
        "about": "x",
        "hazard": "flood",
        "area": "a",
        "severity": severity,
        "status": status,
        "why": Text("Mực nước 2,31 m, trên BĐ2 (2,25 m)", "Water level 2.31 m, above BĐ2 (2.25 m)"),
        "station": "st-x",
    }
    return Notice(**{**made, **more})  # type: ignore[arg-type]


# --- the file ---------------------------------------------------------------------------------------


def problems(text: str) -> list[str]:
    found = read_alerting(f"format = 1\n{text}".encode(), parsed(), ("flood", "tree"))[1]
    return [f"{one.line}: {one.what.en}" for one in found]


def test_a_road_is_read_with_its_defaults() -> None:
    text = b'format = 1\n[[road]]\nid = "sms"\nkind = "modem"\ndevice = "/dev/ttyUSB0"\nto = ["lan"]\n'
    policy, found = read_alerting(text, parsed(), ("flood",))
    assert policy is not None
    assert found == []
    road = policy.roads.roads[0]
    assert (road.letters, road.status, road.escalation) == ("plain", ("Actual",), True)
    assert road.retry == Retry(first_s=1, longest_s=30, give_up_s=86_400), "no alert half an hour late"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[road]]\nid = "a"\nkind = "pigeon"', "kind = 'pigeon' is not known"),
        ('[[road]]\nid = "a"\nkind = "webhook"\nurl = "https://x.vn/"', "needs secret"),
        (
            '[[road]]\nid = "a"\nkind = "webhook"\nsecret = "whsec_AbC/="\nurl = "https://x.vn/"',
            "not the secret itself",
        ),
        ('[[road]]\nid = "a"\nkind = "webhook"\nsecret = "a"\nurl = "ftp://x.vn/"', "can't be used"),
        ('[[road]]\nid = "a"\nkind = "webhook"\nsecret = "a"\nurl = "https://u:p@x.vn/"', "holds a password"),
        ('[[road]]\nid = "a"\nkind = "email"\nsecret = "a"', "needs to"),
        ('[[road]]\nid = "a"\nkind = "modem"\nto = ["x"]', "a modem needs device"),
        ('[[road]]\nid = "a"\nkind = "apprise"\nsecret = "a"\nhazards = ["fire"]', "no hazard 'fire'"),
        ('[[road]]\nid = "a"\nkind = "apprise"\nsecret = "a"\ncolour = 1', "unknown key 'colour'"),
        (
            '[[road]]\nid = "a"\nkind = "sms"\nquiet = { from = "22:00", to = "06:00", below = "emergency" }',
            "is not understood",
        ),
    ],
)
def test_what_is_wrong_with_a_road_is_said(text: str, said: str) -> None:
    assert any(said in one for one in problems(text)), problems(text)


def test_two_roads_of_one_name_are_refused() -> None:
    one = '[[road]]\nid = "a"\nkind = "apprise"\nsecret = "a"\n'
    assert "5: road 'a' is declared twice" in problems(one + one) or any(
        "twice" in p for p in problems(one + one)
    )


# --- patience ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "trouble"),
    [(200, "none"), (301, "away"), (400, "refused"), (401, "shut"), (403, "shut"), (404, "shut"),
     (410, "shut"), (413, "refused"), (422, "refused"), (429, "away"), (500, "away"), (503, "away")],
)  # fmt: skip
def test_a_status_says_whether_this_message_or_the_road_is_the_trouble(status: int, trouble: str) -> None:
    assert of_http(status, "").trouble == trouble


def test_waits_double_stay_bounded_and_are_spread() -> None:
    retry = Retry(first_s=1, longest_s=300)
    assert [wait_s(failures, 0.5, retry) for failures in (1, 2, 3, 4, 30)] == [1, 2, 4, 8, 300]
    assert wait_s(1, 0.0, retry) == pytest.approx(0.7)
    assert wait_s(1, 0.999, retry) == pytest.approx(1.3, abs=0.01)
    chance = Random(1)
    assert len({wait_s(4, chance.random(), retry) for _ in range(50)}) == 50


def test_a_letter_refused_for_itself_is_given_up_after_five_tries_and_a_closed_road_is_not() -> None:
    refused, shut = Answer("refused", "422"), Answer("shut", "401")
    assert after(Trying(4, 4), refused, 4, 0.5, Retry()).what == "again"
    assert after(Trying(5, 5), refused, 5, 0.5, Retry()).what == "dead"
    assert after(Trying(500, 0), shut, 500, 0.5, Retry()).what == "again"


def test_the_receivers_wish_for_a_pause_is_respected() -> None:
    assert after(Trying(1, 0), of_http(429, "", "120"), 1, 0.5, Retry()).wait_s == 120
    assert of_http(429, "", "3600").wait_s == 300, "alerts wait: it is asked again sooner than that"
    waits = [after(Trying(), of_http(status, ""), 30, 0.5, Retry()).wait_s for status in (503, 401)]
    assert waits == [30, 300], "who must be mended by hand is asked less often: passwords lock accounts"


def test_a_letter_is_given_up_after_a_day_on_a_road_that_fails_but_not_because_we_were_away() -> None:
    retry = Retry(give_up_s=86_400)
    assert not too_old(T0, T0, T0 + DAY, retry)
    assert too_old(T0, T0, T0 + DAY + 1, retry)
    assert not too_old(T0, T0 + 5 * DAY, T0 + 5 * DAY + 1, retry), "the road works again since an instant"


# --- signatures -------------------------------------------------------------------------------------

OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def test_a_receiver_with_either_key_can_check_the_signature() -> None:
    import time

    headers = signing.headers("msg-1", time.time_ns() // 1000, '{"a":"đ"}'.encode(), (NEW, OLD))
    for key in (OLD, NEW):
        assert Webhook(key).verify('{"a":"đ"}'.encode(), dict(headers)) == {"a": "đ"}
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(b'{"a":"d"}', dict(headers))


def test_the_signature_is_that_of_the_specification() -> None:
    """The vector of the Standard Webhooks specification, in whose own library it stands."""
    headers = signing.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330 * SECOND, b'{"test": 2432232314}', (OLD,)
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_one_event_is_an_object_and_several_are_a_list_in_order() -> None:
    one, kind = signing.body([{"id": "a"}], batched=False)
    assert (one, kind) == (b'{"id":"a"}', "application/cloudevents+json")
    several, kind = signing.body([{"id": "a"}, {"id": "b"}], batched=True)
    assert (several, kind) == (b'[{"id":"a"},{"id":"b"}]', "application/cloudevents-batch+json")


# --- what a machine's road carries --------------------------------------------------------------------


def told(verb: str, severity: str, **more: str) -> dict[str, object]:
    made = alert("x", verb, sort="river", severity=severity, **more)  # type: ignore[arg-type]
    found: dict[str, object] = msgspec.json.decode(events.encode(made))
    return found


def test_who_was_told_of_a_warning_is_told_of_its_end() -> None:
    chooser = Chooser(msgspec.structs.replace(HOOK, severity="warning"), SITE)
    story = [("raised", "watch"), ("escalated", "warning"), ("eased", "watch"), ("cleared", "watch")]
    assert [chooser.takes(told(*one)) for one in story] == [False, True, True, True]


def test_an_end_without_a_known_beginning_is_carried() -> None:
    chooser = Chooser(msgspec.structs.replace(HOOK, severity="warning"), SITE)
    assert chooser.takes(told("cleared", "watch"))


def test_filters_and_foreign_sites() -> None:
    assert not Chooser(msgspec.structs.replace(HOOK, areas=("b",)), SITE).takes(told("raised", "watch"))
    assert not Chooser(msgspec.structs.replace(HOOK, hazards=("tree",)), SITE).takes(told("raised", "watch"))
    assert not Chooser(msgspec.structs.replace(HOOK, nouns=("situation",)), SITE).takes(
        told("raised", "watch")
    )
    child = {**told("raised", "watch"), "source": "/sites/commune"}
    assert not Chooser(HOOK, SITE).takes(child)
    assert Chooser(msgspec.structs.replace(HOOK, children=True), SITE).takes(child)
    window = {
        "type": "vn.haidang.maintenance.planned.v1",
        "source": f"/sites/{SITE}",
        "subject": "w",
        "data": {},
    }
    assert Chooser(msgspec.structs.replace(HOOK, severity="warning"), SITE).takes(window)


def test_a_bulletin_that_was_refused_is_carried_also_where_its_status_could_not_be_read() -> None:
    refused = {
        "type": "vn.haidang.bulletin.refused.v1",
        "source": f"/sites/{SITE}",
        "subject": "b",
        "data": {"bulletin_id": "b", "status": "", "did": "refused", "area": "_", "code": "xml"},
    }
    assert Chooser(HOOK, SITE).takes(refused)
    played = {**refused, "data": {"bulletin_id": "b", "status": "Exercise", "area": "_"}}
    real = msgspec.structs.replace(HOOK, status=("Actual",))
    assert Chooser(real, SITE).takes(refused)
    assert not Chooser(real, SITE).takes(played)


# --- what people are told -----------------------------------------------------------------------------


def story(*steps: tuple[str, str, float]) -> list[tuple[int, int, dict[str, object]]]:
    """(sequence, stored, event) of one alert: verb, severity, minute."""
    return [
        (at, T0 + round(minute * MINUTE), told(verb, severity, minute=minute))  # type: ignore[arg-type]
        for at, (verb, severity, minute) in enumerate(steps, 1)
    ]


def feed(desk: Desk, queue: Queue, steps: list[tuple[int, int, dict[str, object]]], now: int) -> None:
    for sequence, stored, event in steps:
        for one in desk.take(sequence, stored, event):
            queue.put(one, minute_of_day(one.at, ZONE))
    for one in desk.due(now):
        queue.put(one, minute_of_day(one.at, ZONE))


def drained(queue: Queue, now: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while (head := queue.head(now)) is not None:
        found.append((head[1].kind, head[1].severity))
        queue.done(*head)
    return found


STORY = story(
    ("raised", "watch", 0), ("escalated", "warning", 5), ("eased", "watch", 20), ("cleared", "watch", 30)
)


def test_people_hear_of_the_beginning_each_rise_and_the_end() -> None:
    desk, queue = Desk(SITE), Queue(EMAIL, 0, 0, ())
    feed(desk, queue, STORY, T0 + 60 * MINUTE)
    assert drained(queue, T0 + 60 * MINUTE) == [("new", "watch"), ("new", "warning"), ("end", "warning")]


def test_acts_on_what_is_over_are_not_remembered_for_months() -> None:
    desk = Desk(SITE)
    acted = [(5, T0 + 40 * MINUTE, told("acknowledged", "watch", minute=40))]  # type: ignore[arg-type]
    for sequence, stored, event in [*STORY, *acted]:
        desk.take(sequence, stored, event)
    assert desk._matters == {}


def test_who_was_not_told_of_the_beginning_is_not_told_of_the_end() -> None:
    desk = Desk(SITE)
    queue = Queue(msgspec.structs.replace(EMAIL, severity="emergency"), 0, 0, ())
    feed(desk, queue, STORY, T0 + 60 * MINUTE)
    assert drained(queue, T0 + 60 * MINUTE) == []


def test_a_road_that_is_new_does_not_tell_old_things() -> None:
    desk, queue = Desk(SITE), Queue(EMAIL, T0 + 10 * MINUTE, T0 + 10 * MINUTE, ())
    feed(desk, queue, STORY, T0 + 60 * MINUTE)
    assert drained(queue, T0 + 60 * MINUTE) == [], "not even the end of what it never told"


@given(st.integers(0, 3))
def test_a_restart_anywhere_tells_the_rest_and_nothing_twice(done: int) -> None:
    now = T0 + 60 * MINUTE
    desk, queue = Desk(SITE), Queue(EMAIL, 0, 0, ())
    feed(desk, queue, STORY, now)
    before: list[tuple[str, str]] = []
    reached: tuple[int, tuple[str, ...]] = (0, ())
    for _ in range(done):
        head = queue.head(now)
        assert head is not None
        before.append((head[1].kind, head[1].severity))
        reached = queue.done(*head)
    desk, queue = Desk(SITE), Queue(EMAIL, 0, *reached)
    feed(desk, queue, STORY, now)
    assert before + drained(queue, now) == [("new", "watch"), ("new", "warning"), ("end", "warning")]


def test_quiet_hours_hold_back_what_is_low_and_never_a_warning() -> None:
    """T0 is 08:00 at the site; quiet until 09:00, below `warning`."""
    start = minute_of_day(T0, ZONE)
    quiet = QuietHours(start=start - 60, end=start + 60, below="warning")
    road = msgspec.structs.replace(EMAIL, quiet=quiet)
    desk, queue = Desk(SITE), Queue(road, 0, 0, ())
    feed(desk, queue, STORY[:2], T0 + 10 * MINUTE)
    assert drained(queue, T0 + 10 * MINUTE) == [("new", "warning")]
    assert drained(queue, T0 + 61 * MINUTE) == [], "it is known to be worse by then"


def test_what_began_and_ended_within_the_quiet_hours_is_never_told() -> None:
    start = minute_of_day(T0, ZONE)
    road = msgspec.structs.replace(EMAIL, quiet=QuietHours(start=start - 60, end=start + 60, below="warning"))
    desk, queue = Desk(SITE), Queue(road, 0, 0, ())
    feed(desk, queue, story(("raised", "watch", 0), ("cleared", "watch", 20)), T0 + 120 * MINUTE)
    assert drained(queue, T0 + 120 * MINUTE) == []


def test_an_overdue_alert_goes_to_exactly_those_it_names() -> None:
    desk, queue = Desk(SITE), Queue(msgspec.structs.replace(EMAIL, severity="emergency"), 0, 0, ())
    overdue = told("overdue", "watch")
    overdue["data"] = {**overdue["data"], "act": {"step": 2, "to": ["minh"]}, "by": "keeper"}  # type: ignore[dict-item]
    feed(desk, queue, [(1, T0, overdue)], T0 + MINUTE)
    head = queue.head(T0 + MINUTE)
    assert head is not None
    assert (head[1].kind, head[1].to, head[1].step) == ("overdue", ("minh",), 2)


def test_who_was_called_about_what_a_situation_tells_hears_its_end() -> None:
    """It was no thing of its own, so its end was told to nobody: they went on driving there."""
    desk, queue = Desk(SITE), Queue(EMAIL, 0, 0, ())
    overdue, over = told("overdue", "watch"), told("cleared", "watch")
    overdue["data"] = {**overdue["data"], "act": {"step": 1, "to": ["minh"]}, "by": "keeper"}  # type: ignore[dict-item]
    feed(desk, queue, [(1, T0, overdue), (2, T0 + MINUTE, over)], T0 + 2 * MINUTE)
    first = queue.head(T0 + 2 * MINUTE)
    assert first is not None
    queue.done(*first)
    head = queue.head(T0 + 2 * MINUTE)
    assert head is not None
    assert (head[1].kind, head[1].to, head[1].told) == ("end", (), ((T0, ("minh",)),))


# --- words ------------------------------------------------------------------------------------------


def test_a_message_says_what_where_how_bad_why_and_what_to_do() -> None:
    said = words(notice(), PLACES, ("vi",), EMAIL)
    assert said.title == "NGẬP, LŨ – Cảnh báo: Cầu A, Thắng Tam"
    assert "Mực nước 2,31 m" in said.text
    assert "Việc cần làm" in said.text
    assert "<h2>NGẬP, LŨ" in said.html
    english = words(notice(), PLACES, ("en",), EMAIL)
    assert english.title == "FLOOD – Warning: Bridge A, Thang Tam"


@pytest.mark.parametrize(
    ("why", "declared"),
    [
        (Text("Bão số 4 đổ bộ chiều nay", "Bão số 4 đổ bộ chiều nay"), "vi"),
        (Text("Đài Khí tượng: Bão số 4 đổ bộ chiều nay", "Weather service: Bão số 4 đổ bộ chiều nay"), ""),
    ],
)
def test_what_is_said_in_one_language_says_so_in_the_other_and_is_not_read_aloud_there(
    why: Text, declared: str
) -> None:
    told = notice(why=why, language=declared, rule="" if declared else "bulletin.kttv")
    english, vietnamese = (words(told, PLACES, (language,), EMAIL) for language in ("en", "vi"))
    assert f"(in Vietnamese) {why.en}" in english.text
    assert "(in Vietnamese)" in english.short
    assert "(in Vietnamese)" in english.html
    assert "Bão" not in english.spoken
    assert "Bridge A" in english.spoken
    assert "tiếng" not in vietnamese.text
    assert "Bão số" in vietnamese.spoken or "bốn" in vietnamese.spoken
    surge = notice(why=Text("Storm surge tonight", "Storm surge tonight"), language="en")
    foreign = words(surge, PLACES, ("vi",), EMAIL)
    assert "(bằng tiếng Anh) Storm surge tonight" in foreign.text
    assert "(in" not in words(notice(), PLACES, ("en",), EMAIL).text, "each in its own"


@pytest.mark.parametrize("status", ["Exercise", "Test"])
def test_an_exercise_says_so_first_in_every_form(status: Status) -> None:
    marks = {"Exercise": ("[DIỄN TẬP]", "Đây là diễn tập"), "Test": ("[THỬ]", "Đây là thử nghiệm")}[status]
    said = words(notice(status=status), PLACES, ("vi",), EMAIL)
    assert said.title.startswith(marks[0])
    assert said.short.startswith(marks[0])
    assert said.text.startswith(marks[0])
    assert said.spoken.startswith(marks[1])
    assert said.html.startswith(f'<div lang="vi"><h2>{marks[0]}')


def test_the_end_and_an_overdue_step_are_marked() -> None:
    assert words(notice(kind="end"), PLACES, ("vi",), EMAIL).title.startswith("[HẾT] ")
    assert words(notice(kind="overdue"), PLACES, ("vi",), EMAIL).title.startswith("[CHƯA AI TIẾP NHẬN] ")


def test_html_of_a_mail_can_not_be_broken_by_a_reason() -> None:
    said = words(notice(why=Text("<script>", "<b>")), PLACES, ("vi",), EMAIL)
    assert "<script>" not in said.html


def test_a_trial_says_that_it_is_one() -> None:
    said = trial_words(EMAIL, PLACES, T0, ("vi", "en"))
    assert said.title == "[THỬ] Thử đường gửi mail / [TEST] Test of the road mail"
    assert "Đây là thử nghiệm, không có nguy hiểm" in said.text


def test_every_hazard_has_a_message_in_both_languages() -> None:
    from services.alerts.hazards import hazards
    from services.roads.words import LEADS

    assert set(hazards()) <= set(LEADS)


# --- once a week --------------------------------------------------------------------------------------


def test_each_road_is_tried_once_a_week_at_a_moment_of_its_own() -> None:
    from datetime import datetime

    moments = []
    for at in range(40):
        first = next_trial(f"road-{at}", T0, ZONE, people=True)
        assert T0 < first <= T0 + 7 * DAY
        assert next_trial(f"road-{at}", first, ZONE, people=True) == first + 7 * DAY
        local = datetime.fromtimestamp(first / 1e6, ZONE)
        assert local.weekday() < 5
        assert 9 <= local.hour < 11, "nobody is woken by a test"
        moments.append(first)
    assert len(set(moments)) > 30
    night = datetime.fromtimestamp(next_trial("ioc", T0, ZONE, people=False) / 1e6, ZONE)
    assert 2 <= night.hour < 5


# --- secrets ------------------------------------------------------------------------------------------


def test_secrets_are_read_only_from_a_private_file_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('[ioc]\nkeys = ["whsec_a", "whsec_b"]\n[mail]\nurl = "smtp://u:hush@h"\n')
    file.chmod(0o640)
    with pytest.raises(secrets.SecretsError, match="can be read by others → chmod 600"):
        secrets.read(file)
    file.chmod(0o600)
    found = secrets.read(file)
    assert found.texts("ioc", "keys") == ("whsec_a", "whsec_b")
    assert found.text("mail", "url") == "smtp://u:hush@h"
    assert "hush" not in repr(found)
    with pytest.raises(secrets.SecretsError, match=r"has no table \[sms\]"):
        found.text("sms", "url")
    with pytest.raises(secrets.SecretsError, match=r"table \[mail\] lacks token"):
        found.text("mail", "token")
    assert secrets.read(tmp_path / "none.toml").maybe("mail", "url") == ""


def test_a_file_that_is_no_toml_is_told_without_its_content(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text("[mail]\nurl = hush\n")
    file.chmod(0o600)
    with pytest.raises(secrets.SecretsError) as refused:
        secrets.read(file)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("webhook", 'keys = ["short"]', "base64 of 24 to 64 bytes"),
        ("email", 'url = "smtp://h"', "is smtp://"),
        ("apprise", 'url = "nonsense://x"', "apprise can't use the address that begins with nonsense://"),
        ("telegram", "token = 1", "lacks url"),
    ],
)
def test_a_secret_that_can_not_be_used_is_told_before_the_storm(
    tmp_path: Path, kind: str, content: str, said: str
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text(f"[x]\n{content}\n")
    file.chmod(0o600)
    with pytest.raises(OperatorError, match=said):
        carrier_of(Road(id="x", kind=kind, secret="x", url="http://h/", to=("lan",)), secrets.read(file))


# --- what apprise and others answer -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        ("Failed to send JSON notification: Unauthorized., error=401.", "shut"),
        ("Failed to send: Bad Request, error=400.", "refused"),
        ("A Connection error occurred sending JSON notification to localhost.", "away"),
        ("", "away"),
    ],
)
def test_what_apprise_logs_is_read_for_what_it_means(said: str, trouble: str) -> None:
    assert judged(done=False, said=said).trouble == trouble
    assert judged(done=True, said=said).taken


def test_a_mail_is_the_same_mail_at_every_attempt() -> None:
    server = server_of("smtp://u:p%40ss@mail.example.vn:587?from=hai-dang@example.vn")
    assert (server.password, server.upgrade, server.tls) == ("p@ss", True, False)
    assert server_of("smtps://h?from=a@b.vn").port == 465
    letter = Letter(id="abc", stored_us=T0, severity="warning", words=words(notice(), PLACES, ("vi",), EMAIL))
    mails = [message_of(Parcel(letter, (), "lan@example.vn"), server) for _ in range(2)]
    assert mails[0]["Message-ID"] == mails[1]["Message-ID"] == "<abc@example.vn>"
    assert mails[0]["Auto-Submitted"] == "auto-generated"
    assert mails[0]["Importance"] == "high"
    assert {part.get_content_type() for part in mails[0].walk()} >= {"text/plain", "text/html"}


def test_a_long_subject_with_vietnamese_marks_arrives_as_it_was_written() -> None:
    title = "[DIỄN TẬP] SÉT – Khẩn cấp: bãi Hồ Tràm, Xã Hồ Tràm"
    said = msgspec.structs.replace(words(notice(), PLACES, ("vi",), EMAIL), title=title)
    parcel = Parcel(Letter(id="abc", stored_us=T0, words=said), (), "lan@example.vn")
    sent = BytesIO()
    BytesGenerator(sent).flatten(message_of(parcel, server_of("smtp://h?from=a@b.vn")), linesep="\r\n")
    assert message_from_bytes(sent.getvalue(), policy=default)["subject"] == title
    assert b"\n" not in sent.getvalue().replace(b"\r\n", b"")


def test_people_are_found_by_name_rota_and_role_and_who_has_no_address_is_told() -> None:
    book = Book()
    for name, roles, addresses in (
        ("lan", ["operator"], {"mail": "lan@x.vn"}),
        ("minh", ["operator"], {"phone": "+84900000000"}),
        ("hoa", ["viewer"], {"mail": "hoa@x.vn"}),
    ):
        book.accounts[name] = Account(name, name, roles, contacts=Contacts(addresses))
    rota = Rota(id="night", shifts=(Shift(people=("hoa",)),))
    missing: list[str] = []
    reader = Reader(Keeping(rotas=(rota,)), book, PLACES, lambda _, names: missing.extend(names))
    road = msgspec.structs.replace(EMAIL, to=("role:operator", "rota:night", "minh", "nobody"))
    found = reader.receivers(road, road.to, T0)
    assert [(person.name, person.address) for person in found] == [("lan", "lan@x.vn"), ("hoa", "hoa@x.vn")]
    assert missing == ["minh", "nobody"]


def test_a_role_is_told_of_the_areas_its_holder_sees_and_nobody_is_left_out_where_none_does() -> None:
    book = Book()
    for name, areas in (("lan", ["a"]), ("minh", ["b"])):
        book.accounts[name] = Account(
            name, name, ["operator"], areas, contacts=Contacts({"mail": f"{name}@x.vn"})
        )
    reader = Reader(Keeping(), book, PLACES, lambda _, names: None)
    road = msgspec.structs.replace(EMAIL, to=("role:operator",))
    for area, told in (("a", ["lan"]), ("b", ["minh"]), ("_", ["lan", "minh"]), ("c", ["lan", "minh"])):
        assert [person.name for person in reader.receivers(road, road.to, T0, area)] == told, area


# --- what went wrong once -----------------------------------------------------------------------------


def whole(verb: str, minute: float, **more: object) -> dict[str, object]:
    """An event of a situation, as people's roads read it."""
    data: dict[str, object] = {
        "situation_id": "s",
        "kind": "storm",
        "name": {"vi": "Mưa dông", "en": "Storm"},
        "area": "a",
        "areas": ["a"],
        "status": "Actual",
        "state": "open",
        "severity": "warning",
        "severity_max": "warning",
        "annunciate": True,
        "opened_at": "2025-11-20T01:00:00Z",
        "time": "2025-11-20T01:00:00Z",
        "detected_at": "2025-11-20T01:00:00Z",
        "reason": {"vi": "nhiều cảnh báo", "en": "many alerts"},
    }
    data |= more
    return {
        "id": f"{data['situation_id']}-{verb}-{minute}",
        "type": f"vn.haidang.situation.{verb}.v1",
        "source": f"/sites/{SITE}",
        "subject": data["situation_id"],
        "data": data,
    }


def test_a_situation_that_goes_on_in_another_is_no_all_clear() -> None:
    """`ended` with state `merged` was told as its end: a false all-clear on a loudspeaker."""
    first = notice(of="situation", about="s", name="new/s", hazard="storm")
    desk, queue = Desk(SITE), Queue(EMAIL, 0, 0, ())
    desk._told["s"] = first
    queue.put(first, 0)
    for at, event in enumerate(
        (
            whole("ended", 5, state="merged", merged_into="t"),
            whole("ended", 30, situation_id="t", state="ended"),
        ),
        1,
    ):
        for one in desk.take(at, T0 + at * 10 * MINUTE, event):
            queue.put(one, 0)
    told = []
    while (head := queue.head(T0 + DAY)) is not None:
        told.append((head[1].kind, head[1].about, head[1].at - T0))
        queue.done(*head)
    assert told == [("new", "s", 0), ("end", "t", 20 * MINUTE)], "who heard of the first hears the real end"


def test_what_is_overtaken_in_the_quiet_hours_is_not_told_after_its_end() -> None:
    """Held until morning, told at six though it rose at one and was over at three."""
    start = minute_of_day(T0, ZONE)
    road = msgspec.structs.replace(EMAIL, quiet=QuietHours(start=start - 60, end=start + 60, below="warning"))
    desk, queue = Desk(SITE), Queue(road, 0, 0, ())
    feed(desk, queue, STORY, T0 + 120 * MINUTE)
    assert drained(queue, T0 + 120 * MINUTE) == [("new", "warning"), ("end", "warning")]


def test_the_end_of_what_is_low_waits_for_the_morning_too() -> None:
    start = minute_of_day(T0, ZONE)
    road = msgspec.structs.replace(
        EMAIL, quiet=QuietHours(start=start + 10, end=start + 120, below="warning")
    )
    desk, queue = Desk(SITE), Queue(road, 0, 0, ())
    feed(desk, queue, story(("raised", "watch", 0), ("cleared", "watch", 30)), T0 + 300 * MINUTE)
    assert drained(queue, T0 + 119 * MINUTE) == [("new", "watch")]
    assert drained(queue, T0 + 121 * MINUTE) == [("end", "watch")]


def test_a_notice_that_is_read_twice_is_told_once() -> None:
    """The reader begins the stream anew after an error, while the queue still holds what it put there."""
    queue = Queue(EMAIL, 0, 0, ())
    for _ in range(2):
        feed(Desk(SITE), queue, STORY, T0 + 60 * MINUTE)
    assert drained(queue, T0 + 60 * MINUTE) == [("new", "watch"), ("new", "warning"), ("end", "warning")]


def test_what_came_before_the_head_while_it_was_told_is_told_too() -> None:
    """Held until six and being told, when something of a moment before six was read: that one was lost."""
    queue = Queue(EMAIL, 0, 0, ())
    queue.put(notice(name="held", about="h", at=T0 + 1), 0)
    head = queue.head(T0 + 2)
    assert head is not None
    queue.put(notice(name="late", about="l", at=T0), 0)
    queue.done(*head)
    after_it = queue.head(T0 + 2)
    assert after_it is not None
    assert after_it[1].name == "late"


def test_after_the_clock_was_set_back_people_are_told_at_once() -> None:
    """An hour of alerts was taken for done, because their instants lay before the road's place."""
    from services.roads.steady import Steady

    desk, queue = Desk(SITE), Queue(EMAIL, 0, T0, ())
    late = [(at, stored - 60 * MINUTE, event) for at, stored, event in STORY[:1]]
    walls, passed = iter((T0, T0 - 60 * MINUTE, T0 - 59 * MINUTE)), iter((0.0, 1.0, 61.0))
    clock = Steady(lambda: next(walls), lambda: next(passed))
    assert clock.now() == T0
    assert clock.now() == T0 + SECOND
    for one in desk.take(99, T0, whole("updated", 0)):
        queue.put(one, 0)
    feed(desk, queue, [(100 + at, stored, event) for at, stored, event in late], T0 + 4 * SECOND)
    assert drained(queue, clock.now()) != []


def test_what_was_over_a_day_before_a_road_was_taken_up_again_is_no_news() -> None:
    later = T0 + 3 * DAY
    desk, queue = Desk(SITE), Queue(EMAIL, 0, 0, (), later - DAY)
    feed(desk, queue, STORY, later)
    assert drained(queue, later) == []
    desk, queue = Desk(SITE), Queue(EMAIL, 0, 0, (), later - DAY)
    feed(desk, queue, STORY[:2], later)
    assert drained(queue, later) == [("new", "watch"), ("new", "warning")], (
        "what still holds is told, late or not"
    )


def test_the_end_goes_to_whom_the_beginning_went_whoever_is_on_duty_by_now() -> None:
    """The night shift was woken; the end came by day. Who was called as overdue hears it too."""
    from services.roads.said import Said

    book = Book()
    for name in ("lan", "hoa", "minh"):
        book.accounts[name] = Account(name, name, ["operator"], contacts=Contacts({"mail": f"{name}@x.vn"}))
    minute = minute_of_day(T0, ZONE)
    night = Shift(people=("lan",), hours=Hours(start=0, end=minute + 30))
    day = Shift(people=("hoa",), hours=Hours(start=minute + 30, end=1440))
    reader = Reader(Keeping(rotas=(Rota(id="r", shifts=(night, day)),)), book, PLACES, lambda _, __: None)
    road = msgspec.structs.replace(EMAIL, to=("rota:r",))
    said = Said(road, Queue(road, 0, 0, ()), reader, lambda: T0, lambda _: None)  # type: ignore[arg-type, return-value]
    told = ((T0, ()), (T0 + MINUTE, ("minh",)))
    end = notice(kind="end", at=T0 + 60 * MINUTE, told=told)
    ended = [one.letter for one in said._write(end.at, end)]
    assert sorted(one.to for one in ended) == ["hoa", "lan", "minh"]
    assert {(one.about, one.tells) for one in ended} == {(("x",), "end")}
    assert [one.letter.to for one in said._write(T0, notice())] == ["lan"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('status = ["Actual", "Exercise"]', "must not carry exercises"),
        ('to = ["lan"]', "has no persons: to"),
        ("escalation = true", "has no persons: escalation"),
    ],
)
def test_a_loudspeaker_is_for_the_public_alone(more: str, said: str) -> None:
    text = f'[[road]]\nid = "loa"\nkind = "loudspeaker"\nurl = "file:///x"\n{more}'
    assert any(said in one for one in problems(text)), problems(text)


def test_an_overdue_step_is_not_called_into_a_group() -> None:
    text = b'format = 1\n[[road]]\nid = "a"\nkind = "apprise"\nsecret = "a"\n'
    policy, _ = read_alerting(text, parsed(), ("flood",))
    assert policy is not None
    assert not policy.roads.roads[0].escalation


def test_a_pause_may_be_asked_for_by_a_date() -> None:
    now = 1_700_000_000 * SECOND
    assert of_http(503, "", "Tue, 14 Nov 2023 22:15:20 GMT", now).wait_s == 120
    assert of_http(503, "", "Tue, 14 Nov 2023 22:00:00 GMT", now).wait_s == 0
    assert of_http(503, "", "soon", now).wait_s == 0


def test_a_trial_that_failed_rings_nobody_at_night_and_a_wrong_clock_delays_none_for_years() -> None:
    from datetime import datetime

    from services.roads.weekly import again_after, is_due

    now = T0
    for _ in range(10):
        now = again_after("sms", now, ZONE, people=True)
        local = datetime.fromtimestamp(now / 1e6, ZONE)
        assert local.weekday() < 5
        assert 9 <= local.hour < 11
    assert again_after("ioc", T0, ZONE, people=False) <= T0 + 60 * MINUTE
    assert is_due(T0, T0)
    assert not is_due(T0 + 7 * DAY, T0)
    assert is_due(T0 + 400 * DAY, T0)


def test_a_loudspeaker_speaks_of_what_concerns_the_public() -> None:
    """It read out that a colleague has no telephone number, and how many alerts an operator has open."""
    loa = msgspec.structs.replace(EMAIL, kind="loudspeaker", to=(), escalation=False)
    for hazard, spoken in (("system", False), ("outage", False), ("lighting", False), ("flood", True)):
        queue = Queue(loa, 0, 0, ())
        queue.put(notice(hazard=hazard), 0)
        assert bool(len(queue)) == spoken, hazard
    queue = Queue(msgspec.structs.replace(loa, hazards=("lighting",)), 0, 0, ())
    queue.put(notice(hazard="lighting"), 0)
    assert len(queue) == 1
    shock = notice("warning", hazard="lighting", rule="leakage", sensor="den-1.leakage_current")
    said = words(shock, PLACES, ("vi",), loa).spoken
    assert "Không chạm cột đèn" in said, "not how to drive through a dark street"
    storm = notice(
        "emergency", of="situation", hazard="storm", area="_", station="", why=Text("5 cảnh báo", "5 open")
    )
    said = words(storm, PLACES, ("vi",), loa).spoken
    assert said.startswith("Khẩn cấp: mưa dông tại toàn địa bàn. Ở yên trong nhà")
    assert "cảnh báo" not in said
    assert "gọi một một năm" in said, "a number to call is said digit by digit"


def test_every_kind_of_situation_has_a_name_that_people_read() -> None:
    """“SEA” and “AIR” stood in Vietnamese messages, and a loudspeaker said them."""
    from services.alerts.situation import KIND_NAMES
    from services.roads.words import _SPOKEN, LEADS

    assert set(KIND_NAMES) <= set(LEADS)
    assert set(KIND_NAMES) - {"outage"} <= set(_SPOKEN)
