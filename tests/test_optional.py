"""Packages that are asked for only when they are needed."""

from importlib.metadata import version
from unittest.mock import patch

import pytest

from custom_components.rutan_blora.optional import PDF, POSTGRESQL, QR_CODES, async_need
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.requirements import RequirementsNotFound

PACKAGES = (QR_CODES, PDF, POSTGRESQL)


@pytest.mark.parametrize("requirement", PACKAGES)
def test_what_is_tested_is_what_is_asked_for(requirement: str) -> None:
    name, _, wanted = requirement.replace("[binary]", "").partition("==")
    assert version(name) == wanted


async def test_package_that_is_there_is_not_asked_for(hass: HomeAssistant) -> None:
    hass.config.skip_pip = False
    with patch("homeassistant.util.package.install_package") as install:
        await async_need(hass, QR_CODES)
    install.assert_not_called()


async def test_package_that_cannot_be_had_is_said_so(hass: HomeAssistant) -> None:
    with (
        patch(
            "custom_components.rutan_blora.optional.async_process_requirements",
            side_effect=RequirementsNotFound("rutan_blora", [PDF]),
        ),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await async_need(hass, PDF)
    assert (raised.value.translation_key, raised.value.translation_placeholders) == (
        "requirement_missing",
        {"requirement": PDF},
    )
