"""What is fetched only where it is wanted."""

from unittest.mock import patch

import pytest

from custom_components.rutan_blora.optional import PDF, POSTGRESQL, QR_CODE, async_need
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

INSTALL = "homeassistant.util.package.install_package"
NO_SUCH = "a-package-nobody-has[binary]==1.0"


@pytest.mark.parametrize("skip_pip", [False, True])
@pytest.mark.parametrize("requirement", [POSTGRESQL, QR_CODE, PDF])
async def test_what_is_there_is_not_fetched(hass: HomeAssistant, requirement: str, *, skip_pip: bool) -> None:
    hass.config.skip_pip = skip_pip
    with patch(INSTALL) as install:
        await async_need(hass, requirement)
    install.assert_not_called()


async def test_what_is_missing_is_fetched_once(hass: HomeAssistant) -> None:
    hass.config.skip_pip = False
    with patch(INSTALL, return_value=True) as install:
        await async_need(hass, NO_SUCH)
        await async_need(hass, NO_SUCH)
    assert [call.args[0] for call in install.call_args_list] == [NO_SUCH]


async def test_what_cannot_be_had_is_told_and_tried_again_when_it_is_asked_for_again(hass: HomeAssistant) -> None:
    hass.config.skip_pip = False
    with patch(INSTALL, return_value=False), pytest.raises(HomeAssistantError) as refused:
        await async_need(hass, NO_SUCH)
    assert refused.value.translation_key == "requirement_missing"
    assert refused.value.translation_placeholders == {"requirement": "a-package-nobody-has"}
    with patch(INSTALL, return_value=True):
        await async_need(hass, NO_SUCH)


async def test_nothing_is_fetched_where_home_assistant_may_fetch_nothing(hass: HomeAssistant) -> None:
    hass.config.skip_pip = True
    with patch(INSTALL) as install, pytest.raises(HomeAssistantError) as refused:
        await async_need(hass, NO_SUCH)
    assert refused.value.translation_key == "requirement_missing"
    install.assert_not_called()
