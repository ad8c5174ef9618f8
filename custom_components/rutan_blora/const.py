"""Names and limits of Rutan Blora that more than one room uses."""

from enum import StrEnum
from typing import Final

DOMAIN: Final = "rutan_blora"

SUBENTRY_PANIC_BUTTON: Final = "panic_button"
SUBENTRY_POLICE_DEVICE: Final = "police_device"
SUBENTRY_CAMERA: Final = "camera"
SUBENTRY_CHECKPOINT: Final = "checkpoint"
SUBENTRY_PATROL_PLAN: Final = "patrol_plan"
SUBENTRY_OFFICER: Final = "officer"

CONF_SITE_NAME: Final = "site_name"
# Key of the tokens in the pushes' buttons; made with the entry, told to nobody.
CONF_TOKEN_KEY: Final = "token_key"  # noqa: S105  # the name of it
CONF_LANGUAGE: Final = "language"

CONF_SOURCE: Final = "source"
CONF_KIND: Final = "kind"
CONF_LOCATION: Final = "location"
CONF_LOCAL_ONLY: Final = "local_only"

CONF_CHANNEL: Final = "channel"
CONF_LONG_PRESS_KIND: Final = "long_press_kind"
CONF_SUPERVISION: Final = "supervision"
CONF_BATTERY_ENTITY_ID: Final = "battery_entity_id"
CONF_TEST_INTERVAL: Final = "test_interval"
CONF_FEEDBACK_ENTITY_ID: Final = "feedback_entity_id"
CONF_OFFICER: Final = "officer"
CONF_RANK: Final = "rank"
CONF_NRP: Final = "nrp"
CONF_UNIT: Final = "unit"
CONF_TIER: Final = "tier"
CONF_DUTY_ENTITY_ID: Final = "duty_entity_id"
CONF_ENTITY_IDS: Final = "entity_ids"
CONF_DURATION: Final = "duration"
CONF_DRILLS: Final = "drills"
CONF_TTS_ENTITY_ID: Final = "tts_entity_id"
CONF_TOPIC: Final = "topic"
CONF_URL: Final = "url"
CONF_SECRET: Final = "secret"  # noqa: S105  # the name of it

CONF_STREAM_URL: Final = "stream_url"
CONF_STILL_URL: Final = "still_url"
CONF_INTERVAL: Final = "interval"
CONF_MAX_AGE: Final = "max_age"
CONF_MOTION_ENTITY_ID: Final = "motion_entity_id"
# Where a camera stands on the wall, 1 first.
CONF_POSITION: Final = "position"
# The cameras that show a panic button's place.
CONF_CAMERAS: Final = "cameras"
# Seconds between two pictures, and until one is too old to be shown as how it is.
DEFAULT_INTERVAL: Final = 5
DEFAULT_MAX_AGE: Final = 30

CONF_TAG_ID: Final = "tag_id"
CONF_READER_DEVICE_ID: Final = "reader_device_id"
CONF_ZONE_ENTITY_ID: Final = "zone_entity_id"
CONF_DEBOUNCE: Final = "debounce"
# Whether only the code on the screen at the gate counts, and how often the printed one was made anew.
CONF_LIVE_CODE: Final = "live_code"
CONF_ROTATION: Final = "rotation"
CONF_CARD_IDS: Final = "card_ids"
CONF_PIN: Final = "pin"
CONF_CHECKPOINTS: Final = "checkpoints"
CONF_WEEKDAYS: Final = "weekdays"
CONF_WINDOWS: Final = "windows"
CONF_GRACE: Final = "grace"
CONF_OVERRIDES: Final = "overrides"
# Whom a plan tells of visits that do not come, and when that may not sound.
CONF_POLICE_DEVICES: Final = "police_devices"
CONF_QUIET_FROM: Final = "quiet_from"
CONF_QUIET_UNTIL: Final = "quiet_until"
# Whether a police device is the guards' at the gate, who sign visits and are told no alarm.
CONF_GATE: Final = "gate"
# Seconds after their last sign until a visit of which nobody said that it left is taken to be over.
CONF_VISIT_TIMEOUT: Final = "visit_timeout"
DEFAULT_VISIT_TIMEOUT: Final = 7200
DEFAULT_DEBOUNCE: Final = 300
DEFAULT_GRACE: Final = 900

# Forms ask for the longer times in minutes; all are kept in seconds.
MINUTE: Final = 60

# The head of the letters reports are written on, and who signs them.
SECTION_REPORT: Final = "report"
CONF_LETTERHEAD: Final = "letterhead"
CONF_LOGO: Final = "logo"
CONF_PLACE: Final = "place"
CONF_SIGNER_RUTAN: Final = "signer_rutan"
CONF_SIGNER_POLICE: Final = "signer_police"

CONF_EVIDENCE: Final = "evidence"
CONF_RETENTION_DAYS: Final = "retention_days"
DEFAULT_RETENTION_DAYS: Final = 90

# Options, in seconds; defaults as in every facility that has not chosen.
CONF_TIER_DELAY: Final = "tier_delay"
CONF_REPEAT_INTERVAL: Final = "repeat_interval"
CONF_RESPONSE_TIME: Final = "response_time"
CONF_CLOSE_CODE: Final = "close_code"
# Where the journal's copy is kept; holds a password: shown to nobody, put into no diagnostics.
CONF_JOURNAL_URL: Final = "journal_url"
DEFAULT_TIER_DELAY: Final = 30
DEFAULT_REPEAT_INTERVAL: Final = 60
DEFAULT_RESPONSE_TIME: Final = 600

# Escalation steps a police device can belong to, first to last.
FIRST_TIER: Final = 1
LAST_TIER: Final = 9

# Where a police device's web service answers.
ANSWER_PATH: Final = f"/api/{DOMAIN}/answer"
# Where officers without the app check in.
VISIT_PATH: Final = f"/api/{DOMAIN}/visit"
# Where reports are handed out.
REPORT_PATH: Final = f"/api/{DOMAIN}/report"
# What the flow of a reauthentication is told of the camera that refuses its login.
REAUTH_CAMERA: Final = "camera_id"
# Where the form of a camera shows its picture.
PREVIEW_PATH: Final = f"/api/{DOMAIN}/preview"

# Texts a person may hand in, in characters: a push shows about this much, a journal line stays readable.
MAX_NAME: Final = 80
MAX_TEXT: Final = 500


class Language(StrEnum):
    """Languages the police can be told in."""

    ID = "id"
    EN = "en"


class Source(StrEnum):
    """What a panic button is."""

    ENTITY = "entity"
    WEBHOOK = "webhook"
    VIRTUAL = "virtual"


class ChannelType(StrEnum):
    """How a police device is reached."""

    PHONE = "phone"
    NOTIFY = "notify"
    ANNUNCIATOR = "annunciator"
    MQTT = "mqtt"
    WEBHOOK = "webhook"


class CameraSource(StrEnum):
    """Where a camera's pictures come from."""

    ENTITY = "entity"
    RTSP = "rtsp"
    HTTP = "http"
