"""What the tests share."""

from hypothesis import settings
import pytest

# First of all: the test plug-in has a `custom_components` of its own, and the one imported first is the one.
import custom_components.rutan_blora  # noqa: F401

# How long an example takes says more of the machine than of the code. The same commit is given the same examples, so
# that a test that turns red tells of a change; `--hypothesis-profile explore` looks for new ones.
settings.register_profile("rutan_blora", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("rutan_blora")


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let every `hass` find the integration; tests without one don't pay for it."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")
