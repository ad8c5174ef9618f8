"""Actions of Rutan Blora."""

from homeassistant.core import HomeAssistant, SupportsResponse, callback
from homeassistant.helpers.service import async_register_admin_service

from ..const import DOMAIN
from . import alarm, record, visits


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema in (
        ("raise_alarm", alarm.raise_alarm, alarm.SCHEMA_RAISE_ALARM),
        ("respond", alarm.respond, alarm.SCHEMA_RESPOND),
        ("close_alarm", alarm.close_alarm, alarm.SCHEMA_CLOSE_ALARM),
        ("check_in", visits.check_in, visits.SCHEMA_CHECK_IN),
        ("check_out", visits.check_out, visits.SCHEMA_CHECK_OUT),
        ("countersign_visit", visits.countersign_visit, visits.SCHEMA_COUNTERSIGN_VISIT),
        ("correct_visit", visits.correct_visit, visits.SCHEMA_CORRECT_VISIT),
        ("excuse_visit", visits.excuse_visit, visits.SCHEMA_EXCUSE_VISIT),
        ("export_report", record.export_report, record.SCHEMA_EXPORT_REPORT),
    ):
        hass.services.async_register(DOMAIN, name, handler, schema=schema, supports_response=SupportsResponse.OPTIONAL)
    # They show who did what, and all of it: for administrators, as core's own look into its records.
    for name, handler, schema in (
        ("get_journal", record.get_journal, record.SCHEMA_GET_JOURNAL),
        ("verify_journal", record.verify_journal, record.SCHEMA_VERIFY_JOURNAL),
    ):
        async_register_admin_service(hass, DOMAIN, name, handler, schema, SupportsResponse.ONLY)
