"""The words of reports. Words only: no Home Assistant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..alarm.incident import EventType
from ..const import Language
from ..patrol.check_in import Evidence, Situation


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The words of one language; `delimiter` is what its spreadsheets part cells by, `clock` as it writes times."""

    title: str
    period: str
    days: str
    intro: str
    running: str
    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    clock: str
    clock_seconds: str
    date: str
    delimiter: str
    decimal: str
    minutes: str
    seconds: str
    yes: str
    no: str

    compliance: str
    plan: str
    expected: str
    excused: str
    unjudged: str
    percent: str
    unpredictability: str
    all_plans: str
    no_plans: str
    hint: str

    visits: str
    no_visits: str
    visit_count: str
    unscheduled_count: str
    unsigned_count: str
    void_count: str
    late_count: str

    windows: str
    no_windows: str

    alarms: str
    no_alarms: str
    alarm_count: str
    drill_count: str
    averages: str
    steps: Mapping[EventType, str]
    drill: str
    open: str

    record: str
    record_intact: str
    record_damaged: str
    record_altered: str

    number: str
    visit_id: str
    arrival: str
    departure: str
    duration: str
    ended: str
    timed_out: str
    still_here: str
    checked_out: str
    officers: str
    nobody: str
    nrp: str
    unit: str
    personnel: str
    vehicle: str
    situation: str
    situations: Mapping[Situation, str]
    note: str
    checkpoints: str
    evidence: str
    evidences: Mapping[Evidence, str]
    signed_by: str
    signed_at: str
    late_entry: str
    corrected: str
    corrections: str
    void: str
    photo: str
    verdict: str
    zone: str
    utc: str

    window: str
    start: str
    end: str
    grace: str
    missing: str
    without: str
    reason: str

    incident: str
    kind: str
    places: str
    pressed: str
    outcome: str
    closed_by: str
    message: str
    responders: str

    annex: str
    page: str
    made_at: str
    head: str
    rutan: str
    police: str
    letters: str
    ready: str


_ID: Final = Words(
    title="Laporan Kunjungan Patroli",
    period="Periode",
    days="s.d.",
    intro=(
        "Berikut rekapitulasi kunjungan patroli (sambang) kepolisian dan alarm di {site}. "
        "Waktu ditulis dalam {zone}. Rincian ada pada lampiran."
    ),
    running="Periode belum berakhir: laporan memuat keadaan sampai saat dibuat.",
    months=(
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ),
    weekdays=("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min"),
    clock="%H.%M",
    clock_seconds="%H.%M.%S",
    date="{day} {month} {year}",
    delimiter=";",
    decimal=",",
    minutes="menit",
    seconds="detik sejak ditekan",
    yes="ya",
    no="tidak",
    compliance="Kepatuhan",
    plan="Rencana",
    expected="Terjadwal",
    excused="Dikecualikan",
    unjudged="Tidak dinilai",
    percent="Kepatuhan\n(%)",
    unpredictability="Ketakterdugaan\n(%)",
    all_plans="Semua rencana",
    no_plans="Tidak ada kunjungan terjadwal dalam periode ini.",
    hint=(
        "Kepatuhan: bagian kunjungan tepat waktu dari yang terjadwal; yang dikecualikan dan yang tidak dinilai tidak "
        "dihitung. Ketakterdugaan: 0 bila selalu datang pada jam yang sama, sekitar 100 bila tidak dapat diduga; "
        "dihitung mulai 5 kedatangan."
    ),
    visits="Kunjungan",
    no_visits="Tidak ada kunjungan dalam periode ini.",
    visit_count="Jumlah kunjungan",
    unscheduled_count="Tidak terjadwal",
    unsigned_count="Tanpa paraf P2U",
    void_count="Dibatalkan (tidak dihitung)",
    late_count="Disampaikan terlambat",
    windows="Kunjungan terjadwal",
    no_windows="Tidak ada.",
    alarms="Alarm",
    no_alarms="Tidak ada alarm dalam periode ini.",
    alarm_count="Jumlah alarm",
    drill_count="Latihan (tidak dihitung)",
    steps={
        EventType.ACKNOWLEDGED: "Diterima",
        EventType.RESPONDING: "Menuju lokasi",
        EventType.ON_SCENE: "Di lokasi",
        EventType.CLOSED: "Ditutup",
    },
    drill="LATIHAN",
    open="Belum ditutup",
    averages="Rata-rata dalam menit sejak tombol ditekan (jumlah alarm); latihan tidak dihitung.",
    record="Keutuhan catatan",
    record_intact="Rantai catatan periode ini diperiksa saat laporan dibuat: utuh.",
    record_damaged="Catatan yang tidak terbaca, sehingga tidak termuat: nomor {numbers}.",
    record_altered="Catatan yang tidak sama dengan yang ditulis, atau rantainya terputus: nomor {numbers}.",
    number="No.",
    visit_id="ID kunjungan",
    arrival="Datang",
    departure="Pulang",
    duration="Lama (menit)",
    ended="Akhir",
    timed_out="tanpa lapor pulang",
    still_here="belum pulang",
    checked_out="lapor pulang",
    officers="Petugas",
    nobody="tidak dikenal",
    nrp="NRP",
    unit="Kesatuan",
    personnel="Personel",
    vehicle="Kendaraan",
    situation="Situasi",
    situations={
        Situation.SAFE: "aman",
        Situation.REMARKS: "aman dengan catatan",
        Situation.INCIDENT: "ada kejadian",
    },
    note="Catatan",
    checkpoints="Pos pemeriksaan",
    evidence="Bukti",
    evidences={
        Evidence.TYPED: "diketik",
        Evidence.BUTTON: "tombol",
        Evidence.QR: "kode QR",
        Evidence.TAG: "tag",
        Evidence.TAG_IN_ZONE: "tag di lokasi",
        Evidence.COUNTERSIGNED: "diparaf",
    },
    signed_by="Paraf petugas P2U",
    signed_at="Diparaf pada",
    late_entry="Disampaikan terlambat",
    corrected="dikoreksi",
    corrections="Koreksi",
    void="Dibatalkan",
    photo="Foto (SHA-256)",
    verdict="Penilaian",
    zone="Zona waktu",
    utc="UTC",
    window="Rentang waktu",
    start="Mulai",
    end="Selesai",
    grace="Toleransi (menit)",
    missing="Pos terlewat",
    without="tanpa {places}",
    reason="Alasan dikecualikan",
    incident="ID insiden",
    kind="Jenis",
    places="Lokasi",
    pressed="Ditekan",
    outcome="Hasil",
    closed_by="Ditutup oleh",
    message="Pesan",
    responders="Petugas yang menjawab",
    annex="Lampiran",
    page="Halaman {page} dari {pages}",
    made_at="Dibuat {at}",
    head="Hash jurnal",
    rutan="Pihak Rutan",
    police="Pihak Kepolisian",
    letters="Tanda ¤ menggantikan huruf yang tidak dapat dicetak; teks aslinya ada pada berkas CSV dan JSONL.",
    ready="Laporan siap diunduh. Tautan berlaku {hours} jam.",
)

_EN: Final = Words(
    title="Patrol Visit Report",
    period="Period",
    days="to",
    intro=(
        "This is a summary of the police patrol visits to, and the alarms at, {site}. "
        "Times are written in {zone}. The annexes hold the details."
    ),
    running="The period is not over: the report shows how things stood when it was made.",
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    clock="%H:%M",
    clock_seconds="%H:%M:%S",
    date="{day} {month} {year}",
    delimiter=",",
    decimal=".",
    minutes="minutes",
    seconds="seconds from the press",
    yes="yes",
    no="no",
    compliance="Compliance",
    plan="Plan",
    expected="Expected",
    excused="Excused",
    unjudged="Not judged",
    percent="Compliance\n(%)",
    unpredictability="Unpredictability\n(%)",
    all_plans="All plans",
    no_plans="No visits were expected in this period.",
    hint=(
        "Compliance: the share of expected visits that came on time; those excused or not judged do not count. "
        "Unpredictability: 0 if the hour is always the same, about 100 if it cannot be foretold; computed from 5 "
        "arrivals on."
    ),
    visits="Visits",
    no_visits="There were no visits in this period.",
    visit_count="Visits",
    unscheduled_count="Unscheduled",
    unsigned_count="Not countersigned",
    void_count="Void (not counted)",
    late_count="Handed in late",
    windows="Expected visits",
    no_windows="None.",
    alarms="Alarms",
    no_alarms="There were no alarms in this period.",
    alarm_count="Alarms",
    drill_count="Drills (not counted)",
    steps={
        EventType.ACKNOWLEDGED: "Acknowledged",
        EventType.RESPONDING: "Responding",
        EventType.ON_SCENE: "On scene",
        EventType.CLOSED: "Closed",
    },
    drill="DRILL",
    open="Not closed",
    averages="Averages in minutes from the press (number of alarms); drills do not count.",
    record="Integrity of the record",
    record_intact="The chain of records of this period was checked when the report was made: intact.",
    record_damaged="Records that cannot be read, and so are missing here: number {numbers}.",
    record_altered="Records that are not what was written, or at which the chain is broken: number {numbers}.",
    number="No.",
    visit_id="Visit ID",
    arrival="Arrival",
    departure="Departure",
    duration="Duration (minutes)",
    ended="End",
    timed_out="not checked out",
    still_here="still here",
    checked_out="checked out",
    officers="Officers",
    nobody="unknown",
    nrp="NRP",
    unit="Unit",
    personnel="Personnel",
    vehicle="Vehicle",
    situation="Situation",
    situations={
        Situation.SAFE: "safe",
        Situation.REMARKS: "safe, with remarks",
        Situation.INCIDENT: "something happened",
    },
    note="Note",
    checkpoints="Checkpoints",
    evidence="Evidence",
    evidences={
        Evidence.TYPED: "typed",
        Evidence.BUTTON: "button",
        Evidence.QR: "QR code",
        Evidence.TAG: "tag",
        Evidence.TAG_IN_ZONE: "tag on site",
        Evidence.COUNTERSIGNED: "countersigned",
    },
    signed_by="Countersigned by",
    signed_at="Countersigned at",
    late_entry="Handed in late",
    corrected="corrected",
    corrections="Corrections",
    void="Void",
    photo="Photo (SHA-256)",
    verdict="Verdict",
    zone="Time zone",
    utc="UTC",
    window="Window",
    start="Start",
    end="End",
    grace="Grace (minutes)",
    missing="Checkpoints left out",
    without="without {places}",
    reason="Excused because",
    incident="Incident ID",
    kind="Kind",
    places="Places",
    pressed="Pressed",
    outcome="Outcome",
    closed_by="Closed by",
    message="Message",
    responders="Officers who answered",
    annex="Annex",
    page="Page {page} of {pages}",
    made_at="Made {at}",
    head="Journal hash",
    rutan="For the detention house",
    police="For the police",
    letters="The sign ¤ stands for letters that cannot be printed; the CSV and JSONL files hold the text itself.",
    ready="The report is ready. The links work for {hours} hours.",
)

WORDS: Final[Mapping[Language, Words]] = {Language.ID: _ID, Language.EN: _EN}
