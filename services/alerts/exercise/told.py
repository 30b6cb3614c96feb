"""What the score of an exercise is made of: alerts, what had to be told, receivers and people.

Times are ISO 8601 UTC of the wall clock, None where it never came to that.
"""

import msgspec

from services.observation.exercise import Exercise
from services.observation.text import Text


class Delivered(msgspec.Struct, kw_only=True, frozen=True):
    """A road had handed it over: to an account, or (`to` is "") to its one receiver. The first time only.

    `words`: for people, who hear of it when it makes a sound; machines are given every event at once.
    """

    road: str
    to: str
    at: str
    words: bool = False


class Called(msgspec.Struct, kw_only=True):
    """A step of escalation: whom the rules named, whom roads had reached, and whether somebody answered.

    `answered`: somebody acknowledged or closed the alert before the next step.
    """

    at: str
    step: int
    to: list[str]
    reached: list[Delivered] = []
    answered: bool = False


class Told(msgspec.Struct, kw_only=True):
    """One alert, step by step.

    Attributes:
        annunciated_at: when it made a sound, by itself or as part of `situation`, or came into one that was
            told (`within`: then nothing was sent for it alone).
        explained_by: the alert that keeps it quiet, or did.
        delivered_at: when a road had first handed over words of it; deliveries: to each receiver.
        calls: escalation, while nobody acknowledged.
    """

    alert_id: str
    hazard: str
    rule: str
    area: str
    severity: str
    raised_at: str
    station: str | None = None
    gateway: str | None = None
    situation: str | None = None
    within: bool = False
    explained_by: str | None = None
    annunciated_at: str | None = None
    delivered_at: str | None = None
    deliveries: list[Delivered] = []
    calls: list[Called] = []
    acknowledged_at: str | None = None
    acknowledged_by: str | None = None
    assigned_at: str | None = None
    assigned_to: str | None = None
    closed_at: str | None = None
    closed_by: str | None = None
    cause: str | None = None
    cleared_at: str | None = None


class Met(msgspec.Struct, kw_only=True):
    """Something that had to be told, and how that went, over all alerts that tell it.

    Attributes:
        told: an alert of it was heard, by itself, within a situation, or by the alert that explains it.
        quiet: it was detected, and never heard.
        in_time: it was detected within `within_s`.
        alert_id: of the first that detected it. after_s: from when it happened until then.
        told_s, delivered_s, acknowledged_s: from when it happened until it was heard, carried, acknowledged.
    """

    name: Text
    hazard: str
    at: str
    within_s: float
    told: bool = False
    quiet: bool = False
    in_time: bool = False
    alert_id: str | None = None
    raised_at: str | None = None
    annunciated_at: str | None = None
    delivered_at: str | None = None
    acknowledged_at: str | None = None
    acknowledged_by: str | None = None
    after_s: float | None = None
    told_s: float | None = None
    delivered_s: float | None = None
    acknowledged_s: float | None = None
    deliveries: list[Delivered] = []
    calls: list[Called] = []


class Receiver(msgspec.Struct, kw_only=True):
    """What a road brought to one receiver.

    `letters`: handed over; `waiting`: tried, and not handed over; seconds from the sound (machines: from the
    alert's first event) to the hand-over, of alerts.
    """

    road: str
    to: str
    letters: int = 0
    waiting: int = 0
    alerts: int = 0
    median_s: float | None = None
    slowest_s: float | None = None


class Person(msgspec.Struct, kw_only=True):
    """What reached one person, and what they did.

    Attributes:
        told: alerts that a road brought them. called: steps of escalation that did; unanswered: of these,
            after which nobody had acknowledged before the next step, or at all.
        acknowledge_s: median from the sound to their acknowledgement.
    """

    name: str
    told: int = 0
    called: int = 0
    unanswered: int = 0
    acknowledged: int = 0
    assigned: int = 0
    closed: int = 0
    commented: int = 0
    shelved: int = 0
    acknowledge_s: float | None = None


class Score(msgspec.Struct, kw_only=True):
    """The whole.

    Attributes:
        things: new things to look at; per_two_minutes: in the mean; most_in_10_min: at the worst.
        missed: what had to be told and was not; late: told, but detected after its limit.
        calls, unanswered: steps of escalation, and those that nobody answered.
        annunciate_s, deliver_s, acknowledge_s: medians from raised to sound, from sound to the first
            hand-over by a road, from sound to acknowledgement.
    """

    exercise: Exercise
    alerts: list[Told]
    expected: list[Met]
    receivers: list[Receiver]
    people: list[Person]
    things: int
    per_two_minutes: float
    most_in_10_min: int
    missed: int
    late: int
    unacknowledged: int
    calls: int
    unanswered: int
    annunciate_s: float | None = None
    deliver_s: float | None = None
    acknowledge_s: float | None = None
