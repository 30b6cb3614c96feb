"""What holds of every alert, whoever wrote about it in whatever order."""

from services.alerts.lifecycle import ACTS, TABLES, Life, allowed_acts, rank_of


def must_be_legal(life: Life) -> None:
    condition, acknowledgement, _ = TABLES
    assert life.condition in condition.states
    assert life.acknowledgement in acknowledgement.states
    assert (life.acknowledged_by is not None) == (life.acknowledgement == "acknowledged")
    assert (life.cleared_at is not None) == (not life.open)
    assert life.shelving is None or life.shelve_asked is None
    if not life.open:
        assert not life.quiet
        assert life.shelving is None
        assert life.shelve_asked is None
        assert not life.blind
    if life.shelving is not None:
        assert life.shelving.why
        assert life.shelving.until > life.shelving.since
        assert rank_of(life.severity) <= rank_of(life.shelving.severity)
    if life.closing is not None:
        assert life.shelving is None
        assert life.silent
        assert life.closing.cause != "real" or not life.open
    assert life.peak >= rank_of(life.severity)
    assert life.attention is False or life.closing is None
    assert set(allowed_acts(life)) <= set(ACTS)
