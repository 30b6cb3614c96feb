"""Tokens: where a client can come back to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation import tokens
from services.observation.tokens import Token


@given(st.binary(min_size=4, max_size=4), st.integers(0, 2**63 - 1))
def test_a_token_comes_back_as_it_was_given(epoch: bytes, sequence: int) -> None:
    token = Token(tokens.new_epoch(epoch), sequence)
    assert tokens.parse(str(token), "00000000") == token


def test_a_bare_number_means_the_current_epoch() -> None:
    assert tokens.parse("42", "1f0c9a2b") == Token("1f0c9a2b", 42)
    assert tokens.parse("0", "1f0c9a2b") == Token("1f0c9a2b", 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "-1",
        "1.5",
        "x.1",
        "1f0c9a2b",
        "1F0C9A2B.1",
        "1f0c9a2b.",
        ".1",
        "1f0c9a2b.1\n",
        "1" * 20,
        "\u0661",
    ],
)
def test_a_text_that_is_no_token_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="not a token"):
        tokens.parse(text, "1f0c9a2b")


def test_a_long_text_is_not_repeated_in_full() -> None:
    with pytest.raises(ValueError, match="not a token") as caught:
        tokens.parse("x" * 10_000, "1f0c9a2b")
    assert len(str(caught.value)) < 200


def test_an_epoch_is_eight_hex_digits() -> None:
    assert tokens.new_epoch(bytes([0, 1, 254, 255])) == "0001feff"
    with pytest.raises(ValueError, match="four random bytes"):
        tokens.new_epoch(b"123")
