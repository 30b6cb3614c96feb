"""The closed table of reasons, and how rejects are kept."""

import json

from services.ingest import rejects
from services.ingest.rejects import MAX_PER_PACK, TABLE, Reason, Reject


def kept(found: list[Reject], payload: bytes = b"{}") -> list[dict[str, object]]:
    sent = rejects.messages(
        found, topic="haidang/v1/a/g/readings", gateway="g", received_at=7, payload=payload
    )
    return [json.loads(data) | {"subject": subject} for subject, data in sent]


def test_every_reason_has_a_text_and_a_remedy_in_both_languages() -> None:
    assert set(TABLE) == set(Reason)
    for entry in TABLE.values():
        for text in entry:
            assert text.vi
            assert text.en
            assert text.vi != text.en


def test_a_reject_says_what_where_from_and_why() -> None:
    [one] = kept([Reject(Reason.NO_VALUE, 3, "why")], b'[{"n":"x"}]')
    assert one == {
        "v": 1,
        "reason": "no_value",
        "topic": "haidang/v1/a/g/readings",
        "gateway": "g",
        "received_at": 7,
        "index": 3,
        "payload_b64": "W3sibiI6IngifV0=",
        "detail": "why",
        "count": 1,
        "subject": "rejects.no_value",
    }


def test_of_a_large_payload_4_kb_are_kept() -> None:
    [one] = kept([Reject(Reason.TOO_LARGE)], b"x" * 2_000_000)
    assert len(str(one["payload_b64"])) < 5_400


def test_beyond_100_in_a_pack_the_rest_is_counted_by_reason() -> None:
    many = [Reject(Reason.NO_VALUE, n) for n in range(150)] + [Reject(Reason.NO_NAME, n) for n in range(30)]
    found = kept(many)
    assert len(found) == MAX_PER_PACK + 2
    assert [(one["reason"], one["count"]) for one in found[MAX_PER_PACK:]] == [
        ("no_value", 50),
        ("no_name", 30),
    ]
