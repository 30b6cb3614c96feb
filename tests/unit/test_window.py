"""Gathering: how long, and how much."""

from services.ingest.window import Window


def window() -> Window[str]:
    return Window(short_s=0.003, long_s=0.02, max_rows=5_000, max_items=100)


def test_an_empty_window_is_never_due() -> None:
    assert window().due_at() is None


def test_a_single_message_waits_shortly() -> None:
    one = window()
    one.add("a", 50, now=10.0)
    one.add("b", 50, now=10.002)
    assert one.due_at() == 10.003
    assert one.take() == ["a", "b"]
    assert one.due_at() is None


def test_a_full_window_is_due_at_once() -> None:
    one = window()
    one.add("a", 5_000, now=10.0)
    assert one.full()
    assert one.due_at() == 10.0


def test_many_small_messages_fill_it_too() -> None:
    one = window()
    for _ in range(100):
        one.add("a", 1, now=10.0)
    assert one.full()


def test_after_much_the_next_is_gathered_longer_and_after_little_not() -> None:
    one = window()
    one.add("a", 1_000, now=10.0)
    one.take()
    one.add("b", 1, now=11.0)
    assert one.due_at() == 11.02
    one.take()
    one.add("c", 1, now=12.0)
    assert one.due_at() == 12.003
