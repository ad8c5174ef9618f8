"""What the check-in page says, in both languages. Words only: no Home Assistant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..const import Language
from .check_in import Situation
from .form import LIMITS, MAX_PERSONNEL, NRP_DIGITS, Field, Problem

# Ranks of those who go on patrol, lowest first; another may be typed.
RANKS: Final = (
    *("Bharada", "Bharatu", "Bharaka", "Bripda", "Briptu", "Brigpol", "Bripka"),
    *("Aipda", "Aiptu", "Ipda", "Iptu", "AKP", "Kompol", "AKBP"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The words of one language; `refusals` by the value of the refusal, `script` by the name in the script."""

    title: str
    other_language: str
    fields: Mapping[Field, str]
    hints: Mapping[Field, str]
    problems: Mapping[Problem, str]
    situations: Mapping[Situation, str]
    photo: str
    photo_hint: str
    pin: str
    pin_hint: str
    send: str
    forget: str
    urgent: str
    unfit: str
    refused: str
    done: str
    clock: str
    late: str
    signed: str
    unsigned: str
    proved: str
    unproved: str
    off_record: str
    off_record_title: str
    photo_kept: str
    photo_problems: Mapping[str, str]
    nrp_odd: str
    offer: str
    raise_alarm: str
    no_offer: str
    raised: str
    again: str
    refusals: Mapping[str, str]
    script: Mapping[str, str]


_ID: Final = Words(
    title="Lapor kunjungan patroli",
    other_language="English",
    fields={
        Field.NAME: "Nama",
        Field.RANK: "Pangkat",
        Field.NRP: "NRP",
        Field.UNIT: "Kesatuan",
        Field.PERSONNEL: "Jumlah personel",
        Field.VEHICLE: "Kendaraan",
        Field.SITUATION: "Situasi",
        Field.NOTE: "Catatan",
    },
    hints={
        Field.NRP: f"{NRP_DIGITS} angka",
        Field.UNIT: "misalnya Polsek atau Sat Samapta",
        Field.VEHICLE: "misalnya R2, R4, jalan kaki",
        Field.NOTE: f"paling banyak {LIMITS[Field.NOTE]} huruf",
    },
    problems={
        Problem.MISSING: "Wajib diisi.",
        Problem.TOO_LONG: "Terlalu panjang: {count} huruf, paling banyak {limit}. Persingkat; semua isian masih ada.",
        Problem.NO_NUMBER: f"Isi angka 1 sampai {MAX_PERSONNEL}, atau kosongkan.",
    },
    situations={
        Situation.SAFE: "Aman",
        Situation.REMARKS: "Aman dengan catatan",
        Situation.INCIDENT: "Ada kejadian",
    },
    photo="Foto",
    photo_hint="boleh dikosongkan; JPEG, PNG, atau WebP, paling besar 8 MB",
    pin="PIN",
    pin_hint="hanya bila Anda punya PIN",
    send="Kirim laporan",
    forget="Lupakan saya di ponsel ini",
    urgent="Butuh bantuan segera? Tekan tombol panik atau beri tahu petugas P2U sekarang, lalu isi laporan ini.",
    unfit="Belum terkirim: periksa isian yang ditandai.",
    refused="Belum tercatat",
    done="Kunjungan tercatat",
    clock="%d-%m-%Y pukul %H.%M.%S %Z",
    late="Disampaikan terlambat: diterima {at}.",
    signed="Sudah diparaf petugas P2U.",
    unsigned="Menunggu paraf petugas P2U.",
    proved="Dibuktikan dengan PIN.",
    unproved="Tanpa PIN: identitas belum dibuktikan.",
    off_record="Jurnal sedang bermasalah: kunjungan ini baru ada di memori. Beri tahu petugas P2U.",
    off_record_title="Kunjungan diterima, belum tercatat",
    photo_kept="tersimpan",
    photo_problems={
        "not_a_picture": "tidak tersimpan: bukan gambar JPEG, PNG, atau WebP yang utuh",
        "too_large": "tidak tersimpan: ukuran gambar terlalu besar",
        "busy": "tidak tersimpan: terlalu banyak foto dikirim bersamaan",
        "incomplete": "tidak tersimpan: tidak sampai dengan utuh",
        "not_kept": "tidak tersimpan: penyimpanan bermasalah; beri tahu petugas P2U",
    },
    nrp_odd=f"NRP biasanya {NRP_DIGITS} angka. Bila salah, minta petugas P2U membetulkannya.",
    offer="Anda melaporkan kejadian. Bila bantuan polisi diperlukan sekarang:",
    raise_alarm="Bunyikan alarm sekarang",
    no_offer="Anda melaporkan kejadian. Laporan ini bukan alarm: bila bantuan diperlukan sekarang, tekan tombol panik"
    " atau beri tahu petugas P2U.",
    raised="Alarm dibunyikan {at}. Polisi sedang diberi tahu. Beri tahu juga petugas P2U.",
    again="Formulir baru",
    refusals={
        "code_unknown": "Kode ini tidak berlaku atau sudah diganti. Pindai kode di tempatnya sekali lagi.",
        "code_expired": "Kode ini sudah lewat waktunya. Pindai kode yang sekarang tampil di layar.",
        "code_fixed_refused": "Kode cetak tidak berlaku di sini. Pindai kode yang tampil di layar.",
        "ticket_forged": "Formulir ini tidak sah. Pindai kode sekali lagi.",
        "ticket_foreign": "Formulir ini bukan untuk kode ini. Pindai kode sekali lagi.",
        "ticket_expired": "Formulir ini sudah lebih dari 24 jam. Pindai kode sekali lagi.",
        "ticket_used": "Formulir ini sudah dipakai untuk laporan lain yang sudah tercatat.",
        "time_unfit": "Waktu laporan ini tidak mungkin: jam ponsel mungkin berubah. Bila dikirim lagi, waktu kirim"
        " yang dicatat.",
        "pin_wrong": "Nama, NRP, dan PIN tidak cocok. Isi PIN yang benar, atau kosongkan bila Anda tidak punya PIN."
        " Setelah 5 kali salah, tunggu 5 menit. Petugas P2U juga dapat mencatat kunjungan Anda.",
        "foreign_page": "Kiriman ini datang dari halaman lain. Pindai kode sekali lagi.",
        "too_many": "Terlalu banyak permintaan. Coba lagi {seconds} detik lagi; petugas P2U juga dapat mencatat"
        " kunjungan Anda.",
        "reloading": "Sistem sedang dimuat ulang. Coba lagi sebentar lagi.",
        "photo_too_large": "Foto lebih besar dari 8 MB. Pilih foto yang lebih kecil, atau kirim tanpa foto.",
        "form_too_large": "Isian terlalu panjang untuk diterima. Persingkat, lalu kirim lagi.",
        "unreadable": "Kiriman tidak lengkap atau tidak terbaca. Kirim sekali lagi.",
        "not_raised": "Alarm TIDAK dibunyikan: hanya setelah laporan kejadian dengan PIN atau kode di layar. Tekan"
        " tombol panik atau beri tahu petugas P2U.",
        "stays": "Isian Anda masih ada di bawah ini.",
        "scan_again": "Isian Anda masih ada di bawah ini; salin bila perlu, lalu pindai kode.",
    },
    script={
        "sending": "Mengirim …",
        "kept": "Belum terkirim: tidak ada jaringan, atau sistem belum siap. Laporan pukul {time} disimpan di ponsel"
        " ini dan dikirim begitu bisa selama halaman ini terbuka, atau ketika dibuka lagi.",
        "bare": "Belum terkirim: tidak ada jaringan, atau sistem belum siap. Laporan pukul {time} disimpan di ponsel"
        " ini TANPA foto dan dikirim begitu bisa selama halaman ini terbuka, atau ketika dibuka lagi.",
        "lost": "Belum terkirim, dan ponsel ini tidak dapat menyimpannya. Jangan tutup halaman ini; kirim lagi.",
        "again": "Kirim sekarang",
        "ask": "Laporan ini belum terkirim. Isi PIN, lalu kirim; waktu kunjungan tetap yang semula.",
        "sent": "Laporan yang tersimpan sudah terkirim dan tercatat.",
        "forgotten": "Ponsel ini tidak lagi mengingat Anda.",
        "photo": "Foto tadi masih ikut.",
    },
)

_EN: Final = Words(
    title="Patrol visit check-in",
    other_language="Bahasa Indonesia",
    fields={
        Field.NAME: "Name",
        Field.RANK: "Rank",
        Field.NRP: "NRP (service number)",
        Field.UNIT: "Unit",
        Field.PERSONNEL: "Number of officers",
        Field.VEHICLE: "Vehicle",
        Field.SITUATION: "Situation",
        Field.NOTE: "Notes",
    },
    hints={
        Field.NRP: f"{NRP_DIGITS} digits",
        Field.UNIT: "such as Polsek or Sat Samapta",
        Field.VEHICLE: "such as motorcycle, car, on foot",
        Field.NOTE: f"at most {LIMITS[Field.NOTE]} characters",
    },
    problems={
        Problem.MISSING: "Required.",
        Problem.TOO_LONG: "Too long: {count} characters, at most {limit}. Shorten it; all you wrote is still here.",
        Problem.NO_NUMBER: f"A number from 1 to {MAX_PERSONNEL}, or nothing.",
    },
    situations={
        Situation.SAFE: "Safe",
        Situation.REMARKS: "Safe, with remarks",
        Situation.INCIDENT: "Something happened",
    },
    photo="Photo",
    photo_hint="optional; JPEG, PNG or WebP, at most 8 MB",
    pin="PIN",
    pin_hint="only if you have one",
    send="Send report",
    forget="Forget me on this phone",
    urgent="Need help at once? Press the panic button or tell the guard at the gate now, then fill in this report.",
    unfit="Not sent yet: look at what is marked.",
    refused="Not recorded yet",
    done="Visit recorded",
    clock="%Y-%m-%d at %H:%M:%S %Z",
    late="Handed in late: received {at}.",
    signed="Countersigned by the guard at the gate.",
    unsigned="Waiting for the gate guard's countersignature.",
    proved="Proved by PIN.",
    unproved="Without a PIN: who you are is not proved.",
    off_record="The journal is in trouble: this visit is only in memory yet. Tell the guard at the gate.",
    off_record_title="Visit taken in, not recorded yet",
    photo_kept="kept",
    photo_problems={
        "not_a_picture": "not kept: no whole JPEG, PNG or WebP picture",
        "too_large": "not kept: the picture has too many pixels",
        "busy": "not kept: too many photos are being sent at once",
        "incomplete": "not kept: it did not arrive whole",
        "not_kept": "not kept: the storage is not well; tell the guard at the gate",
    },
    nrp_odd=f"An NRP usually has {NRP_DIGITS} digits. If it is wrong, ask the guard at the gate to correct it.",
    offer="You report that something happened. If the police are needed now:",
    raise_alarm="Raise the alarm now",
    no_offer="You report that something happened. This report is no alarm: if help is needed now, press the panic"
    " button or tell the guard at the gate.",
    raised="The alarm was raised {at}. The police are being told. Tell the guard at the gate, too.",
    again="New form",
    refusals={
        "code_unknown": "This code is not valid, or was replaced. Scan the code at its place once more.",
        "code_expired": "This code's time is over. Scan the one that is on the screen now.",
        "code_fixed_refused": "The printed code does not count here. Scan the one on the screen.",
        "ticket_forged": "This form is not genuine. Scan the code once more.",
        "ticket_foreign": "This form is not of this code. Scan the code once more.",
        "ticket_expired": "This form is older than 24 hours. Scan the code once more.",
        "ticket_used": "This form was used for another report, which is recorded.",
        "time_unfit": "The time of this report cannot be: the phone's clock may have changed. If you send it again, the"
        " time of sending is recorded.",
        "pin_wrong": "Name, NRP and PIN do not match. Enter the right PIN, or leave it empty if you have none. After 5"
        " wrong ones wait 5 minutes. The guard at the gate can record your visit, too.",
        "foreign_page": "This came from another page. Scan the code once more.",
        "too_many": "Too many requests. Try again in {seconds} seconds; the guard at the gate can record your visit,"
        " too.",
        "reloading": "The system is being reloaded. Try again in a moment.",
        "photo_too_large": "The photo is larger than 8 MB. Choose a smaller one, or send the report without it.",
        "form_too_large": "What you wrote is too long to be taken in. Shorten it and send it again.",
        "unreadable": "What was sent is incomplete or cannot be read. Send it once more.",
        "not_raised": "The alarm was NOT raised: that takes a report that something happened, with a PIN or the code on"
        " the screen. Press the panic button or tell the guard at the gate.",
        "stays": "What you wrote is still here below.",
        "scan_again": "What you wrote is still here below; copy it if need be, then scan the code.",
    },
    script={
        "sending": "Sending …",
        "kept": "Not sent yet: no network, or the system is not ready. The report of {time} is kept on this phone and"
        " sent as soon as can be while this page is open, or when it is opened again.",
        "bare": "Not sent yet: no network, or the system is not ready. The report of {time} is kept on this phone"
        " WITHOUT the photo and sent as soon as can be while this page is open, or when it is opened again.",
        "lost": "Not sent yet, and this phone cannot keep it. Do not close this page; send it again.",
        "again": "Send now",
        "ask": "This report was not sent yet. Enter your PIN and send it; the time of the visit stays as it was.",
        "sent": "The report that was kept has been sent and is recorded.",
        "forgotten": "This phone no longer remembers you.",
        "photo": "The photo is still with it.",
    },
)

WORDS: Final[Mapping[Language, Words]] = {Language.ID: _ID, Language.EN: _EN}
