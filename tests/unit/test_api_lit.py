"""Street lighting as the api knows it, before it knows anything."""

from typing import cast

import pytest
from nats.js import JetStreamContext

from services.api.errors import Problem
from services.api.lit import Lit
from services.api.running_site import RunningSite


def test_before_the_site_was_read_nobody_is_told_that_it_lights_no_streets() -> None:
    js = cast("JetStreamContext", None)
    with pytest.raises(Problem) as raised:
        _ = Lit(js, RunningSite(js)).plans
    assert (raised.value.status, raised.value.code) == (503, "reading-lighting")
