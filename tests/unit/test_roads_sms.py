"""SMS and what is read aloud: letters, parts, numbers; a modem on a pty that fails as they do."""

import asyncio
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smspdudecoder.fields import SMSSubmit  # type: ignore[import-untyped]

from services.observation.delivery import Letter, Words
from services.policy.road_nouns import Road
from services.roads import sms, spoken
from services.roads.carrier import Parcel
from services.roads.modem import Modem
from services.roads.patience import Answer
from tests.support.gsm import Gsm

VIETNAMESE = "Mực nước 2,31 m, trên BĐ2; khẩn trương sơ tán khỏi vùng trũng. "


def read(pdus: list[sms.Pdu]) -> tuple[str, str, list[tuple[int, int]]]:
    """By somebody else's decoder: number, text, and (part, of) of each."""
    decoded: list[dict[str, Any]] = [SMSSubmit.decode(StringIO(one.text)) for one in pdus]
    headers = [one["user_data"]["header"] for one in decoded]
    parts = [header["elements"][0]["data"] for header in headers if header is not None]
    text = "".join(one["user_data"]["data"] for one in decoded)
    return decoded[0]["recipient"]["number"], text, [(p["part_number"], p["parts_count"]) for p in parts]


# --- letters and parts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("€" * 80, [80]),
        ("€" * 81, [76, 5]),
        ("ư" * 70, [70]),
        ("ư" * 71, [67, 4]),
        ("", [0]),
    ],
)
def test_parts_hold_what_the_standard_says(text: str, lengths: list[int]) -> None:
    assert [len(part) for part in sms.parts(text)] == lengths


@pytest.mark.parametrize("text", ["Xin chao [ok] {1} €", VIETNAMESE, VIETNAMESE * 3, "a" * 400, "@£$¥_^\\~|"])
def test_another_decoder_reads_what_was_meant(text: str) -> None:
    number, said, parts = read(sms.submit("+84912345678", text, 7))
    assert number.endswith("84912345678")
    assert said == text
    assert [at for at, _ in parts] == list(range(1, len(parts) + 1))


@given(st.text("abc đưĐƯ€[]😀\n", max_size=300))
def test_no_letter_is_cut_in_two_and_none_is_lost(text: str) -> None:
    parts = sms.parts(text)
    assert "".join(parts) == text
    wide = not sms.is_gsm7(text)
    for part in parts if len(parts) > 1 else []:
        size = len(part.encode("utf-16-be")) // 2 if wide else sum(len(sms._CODES[one]) for one in part)
        assert size <= (67 if wide else 153)


def test_a_text_too_long_for_six_parts_ends_with_an_ellipsis() -> None:
    parts = sms.parts("a" * 2_000)
    assert len(parts) == 6
    assert parts[-1].endswith("...")


def test_plain_letters_are_gsm7_and_say_the_same() -> None:
    assert (
        sms.plain("Đường Lê Lợi ngập 0,5 m – cấp “đỏ” ≥ BĐ3…")
        == 'Duong Le Loi ngap 0,5 m - cap "do" >= BD3...'
    )
    assert sms.is_gsm7(sms.plain(VIETNAMESE))


@pytest.mark.parametrize("number", ["", "abc", "+84-09x", "12", "1" * 30])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="telephone"):
        sms.submit(number, "x", 0)


# --- aloud --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "không"), (5, "năm"), (10, "mười"), (15, "mười lăm"), (21, "hai mươi mốt"), (24, "hai mươi tư"),
     (105, "một trăm linh năm"), (110, "một trăm mười"), (1_005, "một nghìn không trăm linh năm"),
     (2_024, "hai nghìn không trăm hai mươi tư"), (1_000_000, "một triệu"), (-3, "âm ba")],
)  # fmt: skip
def test_numbers_are_said_as_people_say_them(number: int, said: str) -> None:
    assert spoken.number_vi(number) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mực nước 2,31 m", "Mực nước hai phẩy ba mươi mốt mét"),
        ("trên BĐ2", "trên báo động hai"),
        ("lúc 22:05", "lúc hai mươi hai giờ năm phút"),
        ("gió 15 m/s", "gió mười lăm mét trên giây"),
        ("xả 1.250 m3/s", "xả một nghìn hai trăm năm mươi mét khối trên giây"),
        ("độ ẩm 8%", "độ ẩm tám phần trăm"),
        ("mưa 0,05 mm", "mưa không phẩy không năm mi li mét"),
    ],
)
def test_numbers_units_and_abbreviations_are_spelled(text: str, said: str) -> None:
    assert spoken.spelled(text, "vi") == said


@given(st.text("abc 0123456789.,:%mưđ²\n", max_size=120), st.sampled_from(["vi", "en"]))
def test_no_digit_is_left_to_be_read(text: str, language: str) -> None:
    assert not any(letter in "0123456789" for letter in spoken.spelled(text, language))


def test_what_is_read_is_short_whole_and_said_twice() -> None:
    said = spoken.aloud("Ngập sâu tại đường Hạ Long. " * 30, "vi", 100)
    first, second = said.split(spoken.TWICE_VI.strip())
    assert first.strip() == second.strip()
    assert len(first) <= 101
    assert first.strip().endswith(".")


# --- a modem ------------------------------------------------------------------------------------------


@pytest.fixture
def gsm(tmp_path: Path) -> Iterator[Gsm]:
    made = Gsm(tmp_path / "modem")
    yield made
    made.unplug()


def modem_of(gsm: Gsm, pin: str = "", **more: object) -> Modem:
    fields = {"id": "sms", "kind": "modem", "device": str(gsm.link), "timeout_s": 5, **more}
    return Modem(Road(**fields), pin)  # type: ignore[arg-type]


def send(modem: Modem, *texts: str, number: str = "+84912345678", close: bool = True) -> list[Answer]:
    async def main() -> list[Answer]:
        answers = []
        for at, text in enumerate(texts):
            words = Words(title="", short=text, text="", html="", spoken="")
            letter = Letter(id=f"letter-{at}", stored_us=0, noun="words", words=words)
            answers.append(await modem.carry(Parcel(letter, (), number)))
        if close:
            await modem.close()
        return answers

    return asyncio.run(main())


def test_vietnamese_and_long_messages_arrive_whole(gsm: Gsm) -> None:
    answers = send(modem_of(gsm), VIETNAMESE * 3, "Ngap o cau A")
    assert [answer.trouble for answer in answers] == ["none", "none"]
    assert gsm.sent == [("+84912345678", VIETNAMESE * 3), ("+84912345678", "Ngap o cau A")]
    assert len(gsm.pdus) == 4


def test_text_mode_sends_plain_letters_in_one_part(gsm: Gsm) -> None:
    assert send(modem_of(gsm, sms_mode="text"), VIETNAMESE)[0].taken
    assert gsm.sent[0][1] == sms.plain(VIETNAMESE).strip()


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        ("+CMS ERROR: 500", "away"),
        ("+CMS ERROR: 28", "refused"),
        ("+CMS ERROR: 310", "shut"),
        ("ERROR", "away"),
    ],
)
def test_an_error_says_whether_it_is_the_message_the_card_or_the_moment(
    gsm: Gsm, error: str, trouble: str
) -> None:
    gsm.errors = [error]
    assert send(modem_of(gsm), "x")[0].trouble == trouble


def test_parts_that_went_through_are_not_sent_again(gsm: Gsm) -> None:
    modem = modem_of(gsm)
    words = Words(title="", short="a" * 320, text="", html="", spoken="")
    parcel = Parcel(Letter(id="one", stored_us=0, noun="words", words=words), (), "+84912345678")

    async def main() -> list[Answer]:
        first = await modem.carry(parcel)
        await modem.close()
        return [first]

    original = gsm._message
    count = 0

    def third_fails(to: str, content: str) -> None:
        nonlocal count
        count += 1
        gsm.errors = ["+CMS ERROR: 500"] if count == 3 else []
        original(to, content)

    gsm._message = third_fails  # type: ignore[method-assign]
    assert asyncio.run(main())[0].trouble == "away"
    assert asyncio.run(main())[0].taken
    assert len(gsm.pdus) == 3, "the first two parts went out once"
    assert gsm.sent == [("+84912345678", "a" * 320)]


def test_what_a_killed_process_sent_half_is_completed_by_the_next_one_and_not_mixed_up(gsm: Gsm) -> None:
    gsm.errors = []
    original, count = gsm._message, 0

    def second_fails(to: str, content: str) -> None:
        nonlocal count
        count += 1
        gsm.errors = ["+CMS ERROR: 500"] if count == 2 else []
        original(to, content)

    gsm._message = second_fails  # type: ignore[method-assign]
    assert send(modem_of(gsm), "a" * 320)[0].trouble == "away"
    assert send(modem_of(gsm), "a" * 320)[0].taken
    assert gsm.sent == [("+84912345678", "a" * 320)]
    assert not gsm._parts, "a telephone waits for no other half"


def test_a_modem_that_was_reset_is_begun_anew(gsm: Gsm) -> None:
    modem = modem_of(gsm)
    assert send(modem, "one", close=False)[0].taken
    gsm.reset()
    answers = [send(modem, "two", close=False)[0] for _ in range(2)]
    assert answers[-1].taken
    assert gsm.sent[-1][1] == "two"
    assert gsm.commands.count("ATE0") == 2
    asyncio.run(modem.close())


def test_a_message_that_a_killed_process_left_open_swallows_nothing(gsm: Gsm) -> None:
    gsm._awaiting = "20"
    assert send(modem_of(gsm), "one")[0].taken


def test_a_modem_that_is_pulled_out_and_put_back_goes_on(gsm: Gsm) -> None:
    modem = modem_of(gsm)
    assert send(modem, "one", close=False)[0].taken
    gsm.unplug()
    assert send(modem, "two", close=False)[0].trouble == "away"
    gsm.plug()
    assert send(modem, "two")[0].taken


def test_no_network_no_signal_and_a_silent_modem_are_told_apart(gsm: Gsm) -> None:
    gsm.registered = "0,2"
    assert "not in a network" in send(modem_of(gsm), "x")[0].word
    gsm.registered, gsm.signal = "0,5", 99
    assert "no signal" in send(modem_of(gsm), "x")[0].word
    gsm.signal, gsm.silent = 20, True
    assert "no answer" in send(modem_of(gsm, timeout_s=0.2), "x")[0].word


def test_a_pin_is_given_once_and_a_wrong_one_never_again(gsm: Gsm) -> None:
    gsm.card = "SIM PIN"
    assert send(modem_of(gsm, "1234"), "x")[0].taken
    gsm.card = "SIM PIN"
    modem = modem_of(gsm, "9999")
    assert send(modem, "x", close=False)[0].trouble == "shut"
    assert send(modem, "x")[0].trouble == "shut"
    assert gsm.commands.count('AT+CPIN="9999"') == 1, "three wrong ones would lock the card"
