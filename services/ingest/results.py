"""Results of commands: bytes → a result, or why not. Pure."""

import json
from typing import Any

import msgspec

from services.ingest.rejects import Reason, Reject
from services.observation import command as nouns
from services.observation.command import Result
from services.observation.topics import is_slug

MAX_REASON = 400
"""Characters of what a controller says in its own words."""


def decode(payload: bytes) -> Result | Reject:
    """Read a result; never raises."""
    if len(payload) > nouns.MAX_BYTES:
        return Reject(Reason.TOO_LARGE, None, f"{len(payload)} bytes")
    try:
        result = nouns.decode_result(payload)
    except msgspec.ValidationError as error:
        return Reject(Reason.BAD_RESULT, None, str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _unreadable(payload)
    result.reason = result.reason[:MAX_REASON]
    wrong = _wrong(result)
    return result if wrong is None else Reject(Reason.BAD_RESULT, None, wrong)


def _wrong(result: Result) -> str | None:
    """What is wrong with a result whose types are right."""
    if result.v != nouns.FORMAT:
        return f"v is {result.v}, this release reads {nouns.FORMAT}"
    if not is_slug(result.id) or len(result.id) > nouns.MAX_ID:  # it becomes a token of a subject
        return f"id {result.id[:80]!r} is not a short slug"
    if not 0 < result.at < 2**53:
        return f"at {result.at} is not an instant in µs UTC"
    return None


def _unreadable(payload: bytes) -> Reject:
    try:
        document: Any = json.loads(payload.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Reject(Reason.NOT_UTF8, None, f"byte {error.start}")
    except RecursionError:
        return Reject(Reason.TOO_DEEP)
    except ValueError as error:
        return Reject(Reason.NOT_JSON, None, str(error))
    return Reject(Reason.BAD_RESULT, None, f"a {type(document).__name__}")
