"""A reader of QR codes, as a phone's camera has one: versions 1 to 10, level M, bytes.

It knows nothing of how they were made, and corrects nothing: a code whose check words do not fit is refused.
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import chain
from typing import Final

from PIL import Image

type Rows = Sequence[Sequence[int]]

# By version: check words of a block, and the data words of each block.
_BLOCKS: Final = {
    1: (10, [16]),
    2: (16, [28]),
    3: (26, [44]),
    4: (18, [32] * 2),
    5: (24, [43] * 2),
    6: (16, [27] * 4),
    7: (18, [31] * 4),
    8: (22, [38] * 2 + [39] * 2),
    9: (22, [36] * 3 + [37] * 2),
    10: (26, [43] * 4 + [44]),
}
_ALIGNMENT: Final = {
    1: [],
    2: [6, 18],
    3: [6, 22],
    4: [6, 26],
    5: [6, 30],
    6: [6, 34],
    7: [6, 22, 38],
    8: [6, 24, 42],
    9: [6, 26, 46],
    10: [6, 28, 50],
}
_MASKS: Final = (
    lambda y, x: (y + x) % 2,
    lambda y, _: y % 2,
    lambda _, x: x % 3,
    lambda y, x: (y + x) % 3,
    lambda y, x: (y // 2 + x // 3) % 2,
    lambda y, x: y * x % 2 + y * x % 3,
    lambda y, x: (y * x % 2 + y * x % 3) % 2,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2,
)
_LEVEL_M: Final = 0b00
_BYTES: Final = 0b0100


def read_picture(picture: bytes) -> str:
    """Return what the code in a picture says; raise ValueError if there is none that can be read."""
    return read_code(find_code(picture))


def find_code(picture: bytes) -> Rows:
    """Return the modules of the code at the top of a picture, found by where it is black."""
    image = Image.open(BytesIO(picture)).convert("L")
    # What is written stands below the code and its white.
    dark = image.crop((0, 0, image.width, image.width)).point(lambda value: 255 * (value < 128))
    left, top, right, _ = dark.getbbox() or (0, 0, 0, 0)
    edge = dark.crop((left, top, right, top + 1)).tobytes()
    # The top of a finder is seven modules wide.
    size = round(len(edge) / (edge.find(0) / 7))
    middle = [int((number + 0.5) * len(edge) / size) for number in range(size)]
    return [[int(dark.getpixel((left + x, top + y)) == 255) for x in middle] for y in middle]


def read_code(rows: Rows) -> str:
    """Return what a code says; raise ValueError if it is none, or damaged."""
    size = len(rows)
    version, rest = divmod(size - 17, 4)
    if rest or version not in _BLOCKS or any(len(row) != size for row in rows):
        raise ValueError("no size of a code")
    _require_finders(rows)
    mask = _mask_of(rows)
    words = list(_words(rows, version, mask))
    return _text(_data(words, version), version)


def _require_finders(rows: Rows) -> None:
    """Refuse a code whose corners are not what a camera looks for."""
    far = len(rows) - 7
    for top, left in ((0, 0), (0, far), (far, 0)):
        for y in range(7):
            for x in range(7):
                ring = max(abs(y - 3), abs(x - 3))
                if rows[top + y][left + x] != (ring != 2):
                    raise ValueError("no finder")
    for place in range(8, len(rows) - 8):
        if rows[6][place] != 1 - place % 2 or rows[place][6] != 1 - place % 2:
            raise ValueError("no timing")


def _mask_of(rows: Rows) -> int:
    """Return which mask lies over the code; both copies of its format must say the same."""
    size = len(rows)
    first = [(8, x) for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [(y, 8) for y in (7, 5, 4, 3, 2, 1, 0)]
    second = [(size - 1 - n, 8) for n in range(7)] + [(8, size - 8 + n) for n in range(8)]
    found = {sum(rows[y][x] << (14 - n) for n, (y, x) in enumerate(cells)) for cells in (first, second)}
    if len(found) != 1:
        raise ValueError("two formats")
    bits = found.pop() ^ 0b101010000010010
    rest = bits
    for shift in range(4, -1, -1):
        if rest >> (10 + shift) & 1:
            rest ^= 0b10100110111 << shift
    if rest or bits >> 13 != _LEVEL_M:
        raise ValueError("no format of level M")
    return bits >> 10 & 0b111


def _is_data(y: int, x: int, size: int, version: int) -> bool:
    """Tell whether a module belongs to the words."""
    is_corner = (y < 9 and x < 9) or (y < 9 and x >= size - 8) or (y >= size - 8 and x < 9)
    centres = _ALIGNMENT[version]
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    is_aligning = any(abs(y - a) <= 2 and abs(x - b) <= 2 for a in centres for b in centres if (a, b) not in corners)
    is_version = version >= 7 and ((y < 6 and x >= size - 11) or (x < 6 and y >= size - 11))
    return not (is_corner or is_aligning or is_version or y == 6 or x == 6)


def _words(rows: Rows, version: int, mask: int) -> Iterator[int]:
    """Give the words in the order they lie: up and down, two columns at a time, from the right."""
    size, bits = len(rows), list[int]()
    columns = [x for x in range(size - 1, 0, -2) if x > 6] + [5, 3, 1]
    for number, right in enumerate(columns):
        for y in range(size) if number % 2 else range(size - 1, -1, -1):
            for x in (right, right - 1):
                if _is_data(y, x, size, version):
                    bits.append(rows[y][x] ^ (_MASKS[mask](y, x) == 0))
    for start in range(0, len(bits) - 7, 8):
        yield int("".join(str(int(bit)) for bit in bits[start : start + 8]), 2)


def _data(words: list[int], version: int) -> list[int]:
    """Return the data words of all blocks one after the other; refuse a block whose check words do not fit."""
    checks, lengths = _BLOCKS[version]
    total = sum(lengths) + checks * len(lengths)
    if len(words) < total:
        raise ValueError("too short")
    given = iter(words[:total])
    blocks: list[list[int]] = [[] for _ in lengths]
    for place in range(max(lengths)):
        for block, length in zip(blocks, lengths, strict=True):
            if place < length:
                block.append(next(given))
    for _ in range(checks):
        for block in blocks:
            block.append(next(given))
    for block in blocks:
        _require_checked(block, checks)
    return list(chain.from_iterable(block[:length] for block, length in zip(blocks, lengths, strict=True)))


def _require_checked(block: list[int], checks: int) -> None:
    """Refuse a block that is not divisible as it must be."""
    for power in range(checks):
        value = 0
        for word in block:
            value = _times(value, _power(power)) ^ word
        if value:
            raise ValueError("damaged")


def _times(a: int, b: int) -> int:
    """Multiply in the field of 256."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= 0x11D
        b >>= 1
    return product


def _power(exponent: int) -> int:
    value = 1
    for _ in range(exponent):
        value = _times(value, 2)
    return value


def _text(data: list[int], version: int) -> str:
    bits = "".join(f"{word:08b}" for word in data)
    width = 8 if version < 10 else 16
    if int(bits[:4], 2) != _BYTES:
        raise ValueError("no bytes")
    length = int(bits[4 : 4 + width], 2)
    begin = 4 + width
    return bytes(int(bits[begin + 8 * n : begin + 8 * n + 8], 2) for n in range(length)).decode()
