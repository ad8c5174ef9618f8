"""The wall: every camera has its place, says what it is worth, and is drawn again only if it changed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations, pairwise
from typing import Any

from hypothesis import example, given, strategies as st
import pytest

from custom_components.rutan_blora.cctv.overlay import BACKGROUND, CARD, WARNING, WORDS
from custom_components.rutan_blora.cctv.picture import Condition
from custom_components.rutan_blora.cctv.wall import FULL_HD, Box, Tile, Wall, header_height, layout, order
from custom_components.rutan_blora.const import Language

from .drawing import BLUE, GREEN, NOW, WIB, Pixels, has_colour, is_close, picture, pixels, saturation

RED = (200, 16, 46)
DRILL_BLUE = (0, 92, 175)
COLOURS = (GREEN, BLUE, (180, 120, 40), (90, 90, 160))


def tile(number: int = 0, **changes: Any) -> Tile:
    """Return a camera with a fresh picture."""
    whole = Tile(id=f"camera-{number}", name=f"Tembok {number}", picture=picture(COLOURS[number % 4]), age=2)
    return replace(whole, **changes)


def tiles(count: int) -> list[Tile]:
    return [tile(number) for number in range(count)]


def a_wall(language: Language = Language.ID) -> Wall:
    return Wall(language, WIB)


def compose(
    wall: Wall, shown: Sequence[Tile], *, after: float = 0, alarm: str | None = None, drill: bool = False
) -> bytes:
    return wall.compose(shown, title="Rutan Blora", now=NOW + timedelta(seconds=after), alarm=alarm, drill=drill)


def area(jpeg: bytes, box: Box) -> Pixels:
    """Return what is to be seen in a place."""
    return pixels(jpeg)[box.top : box.top + box.height, box.left : box.left + box.width]


def middle(seen: Pixels) -> Pixels:
    """Return the part of a place where nothing but the picture is, if it is fresh."""
    height, width = seen.shape[:2]
    return seen[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4]


# --- order ---


def test_cameras_stand_by_position_then_by_name() -> None:
    given_tiles = [
        tile(1, name="Menara"),
        tile(2, name="Barat", position=2),
        tile(3, name="atas"),
        tile(4, name="Utara", position=1),
        tile(5, name="Atas", position=2),
    ]
    assert [shown.name for shown in order(given_tiles)] == ["Utara", "Atas", "Barat", "atas", "Menara"]
    assert not any(shown.framed for shown in order(given_tiles))


def test_cameras_near_the_pressed_button_come_first_and_framed() -> None:
    shown = order([tile(number, position=number) for number in range(5)], ["camera-3", "camera-1", "gone", "camera-3"])
    assert [each.id for each in shown] == ["camera-3", "camera-1", "camera-0", "camera-2", "camera-4"]
    assert [each.framed for each in shown] == [True, True, False, False, False]


def test_a_frame_goes_with_the_incident() -> None:
    assert not any(shown.framed for shown in order(order(tiles(3), ["camera-1"])))


@given(st.permutations(range(6)))
def test_the_order_does_not_depend_on_how_they_come(numbers: list[int]) -> None:
    shown = order([tile(number, name="Tembok", position=number // 3) for number in numbers], ["camera-5"])
    assert [each.id for each in shown] == [f"camera-{number}" for number in (5, 0, 1, 2, 3, 4)]


# --- layout ---


@given(st.integers(1, 64), st.integers(0, 8), st.sampled_from([FULL_HD, (1280, 720), (3840, 2160), (640, 360)]))
@example(32, 4, FULL_HD)
@example(1, 0, FULL_HD)
def test_every_camera_has_a_place_of_its_own_below_the_header(count: int, framed: int, size: tuple[int, int]) -> None:
    boxes = layout(count, size, framed=framed)
    assert len(boxes) == count
    for box in boxes:
        assert 0 <= box.left < box.left + box.width <= size[0]
        assert header_height(size) <= box.top < box.top + box.height <= size[1]
        assert 1.6 <= box.width / box.height <= 2.0
    for one, other in combinations(boxes, 2):
        assert (
            one.left + one.width <= other.left
            or other.left + other.width <= one.left
            or one.top + one.height <= other.top
            or other.top + other.height <= one.top
        )


@given(st.integers(1, 64), st.integers(0, 8))
def test_places_are_read_row_by_row_and_only_the_first_are_larger(count: int, framed: int) -> None:
    boxes = layout(count, framed=framed)
    large = framed if framed < count and framed <= 4 else 0
    assert len({box.size for box in boxes[large:]}) == 1
    assert all(box.width >= 2 * boxes[-1].width for box in boxes[:large])
    for group in (boxes[:large], boxes[large:]):
        assert all((one.top, one.left) < (other.top, other.left) for one, other in pairwise(group))


@pytest.mark.parametrize(
    ("count", "framed", "size"),
    [
        (1, 0, (1920, 1026)),
        (4, 0, (960, 513)),
        (8, 0, (640, 342)),
        (9, 0, (640, 342)),
        (16, 0, (480, 256)),
        (32, 0, (320, 171)),
        (8, 1, (1440, 768)),
        (8, 2, (960, 512)),
        (32, 2, (822, 438)),
        (4, 4, (960, 513)),
    ],
)
def test_the_wall_is_filled(count: int, framed: int, size: tuple[int, int]) -> None:
    assert layout(count, framed=framed)[0].size == size


def test_without_cameras_there_are_no_places() -> None:
    assert layout(0) == ()
    assert is_close(pixels(compose(a_wall(), []))[100:], BACKGROUND)


# --- what is to be seen ---


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 32])
def test_each_camera_is_shown_in_its_place(count: int) -> None:
    seen = compose(a_wall(), tiles(count))
    assert pixels(seen).shape == (1080, 1920, 3)
    for number, box in enumerate(layout(count)):
        assert is_close(middle(area(seen, box)), COLOURS[number % 4])
        caption = area(seen, box)[-20:]
        assert has_colour(caption[:, : box.width // 2], (244, 246, 248))
        assert has_colour(caption[:, box.width // 2 :], (244, 246, 248))


def test_a_picture_too_old_is_grey_with_a_band_and_no_time() -> None:
    seen = compose(a_wall(), [tile(0, is_stale=True, age=900), tile(1)])
    old, fresh = (area(seen, box) for box in layout(2))
    assert saturation(old[10 : old.shape[0] // 5, 10:-10]) <= 8
    assert old[10 : old.shape[0] // 5].max() < 80
    assert has_colour(middle(old), WARNING)
    assert not has_colour(old[-20:, old.shape[1] // 2 :], (244, 246, 248))
    assert is_close(middle(fresh), BLUE)


@pytest.mark.parametrize("is_stale", [True, False])
def test_a_camera_that_never_gave_a_picture_says_so(is_stale: bool) -> None:
    seen = area(compose(a_wall(), [tile(picture=None, age=None, is_stale=is_stale)]), layout(1)[0])
    assert is_close(seen[100:200, 100:-100], CARD)
    assert has_colour(middle(seen), WARNING)


def test_a_damaged_picture_is_none_and_harms_no_other() -> None:
    whole = picture()
    shown = [tile(0, picture=replace(whole, jpeg=whole.jpeg[:200])), tile(1), tile(2)]
    broken, *others = (area(compose(a_wall(), shown), box) for box in layout(3))
    assert is_close(broken[10:80, 10:-10], CARD)
    assert has_colour(middle(broken), WARNING)
    assert [is_close(middle(seen), colour) for seen, colour in zip(others, COLOURS[1:], strict=False)] == [True, True]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("condition", Condition)
def test_what_is_wrong_with_pictures_is_said_in_a_corner(condition: Condition, language: Language) -> None:
    seen = area(compose(a_wall(language), [tile(condition=condition)]), layout(1)[0])
    assert has_colour(seen[:60, :400], WARNING) == (condition is not Condition.OK)
    assert (condition in WORDS[language].conditions) == (condition is not Condition.OK)
    assert is_close(middle(seen), GREEN)


def edge(seen: Pixels) -> Pixels:
    """Return the left edge of a place."""
    return seen[60:-60, 2:4]


def test_in_an_incident_the_header_and_the_near_cameras_are_red() -> None:
    shown = order(tiles(8), ["camera-6"])
    seen = compose(a_wall(), shown, alarm="DARURAT: Pelarian – Tembok Timur")
    first, second, *_ = layout(8, framed=1)
    assert is_close(pixels(seen)[3:10, 3:-3], RED)
    assert is_close(edge(area(seen, first)), RED, within=30)
    assert is_close(middle(area(seen, first)), COLOURS[2])
    assert not has_colour(area(seen, second), RED)
    assert first.width > second.width


def test_a_drill_is_in_a_colour_that_is_no_emergencys() -> None:
    seen = compose(a_wall(), order(tiles(4), ["camera-1"]), alarm="LATIHAN: Tombol panik", drill=True)
    assert is_close(pixels(seen)[3:10, 3:-3], DRILL_BLUE)
    assert is_close(edge(area(seen, layout(4, framed=1)[0])), DRILL_BLUE, within=30)
    assert not has_colour(pixels(seen), RED)


def test_when_all_is_quiet_nothing_is_red() -> None:
    assert not has_colour(pixels(compose(a_wall(), tiles(8))), RED)


ODD = ["W" * 300, "سجن " * 30, "😀" * 80, "", "\n\t\u202e\u0000", "文字" * 40, "\ud800", "é" * 80]


def test_no_name_breaks_the_layout() -> None:
    for number, name in enumerate(ODD):
        seen = compose(Wall(Language.ID, WIB), [tile(0, name=name), tile(1)], alarm=name)
        fine = area(seen, layout(2)[1])
        assert is_close(middle(fine), BLUE), number
        # The time is still there, beside the name.
        assert has_colour(area(seen, layout(2)[0])[-25:, -120:], (244, 246, 248))


def test_a_long_name_of_the_site_leaves_room_for_the_alarm() -> None:
    wall = a_wall()
    seen = [
        pixels(wall.compose([], title="W" * 200, now=NOW, alarm=alarm))[:54, 900:1400] for alarm in ("DARURAT", "RUSUH")
    ]
    assert (abs(seen[0] - seen[1]) > 60).any()


# --- what is drawn again ---


def test_what_has_not_changed_is_the_same_object() -> None:
    wall, shown = a_wall(), tiles(8)
    first = compose(wall, shown)
    assert compose(wall, tiles(8), after=0.4) is first
    assert wall.decodes == 8


def test_the_clock_goes_on_and_decodes_nothing() -> None:
    wall, shown = a_wall(), tiles(8)
    first = compose(wall, shown)
    second = compose(wall, shown, after=1)
    assert second is not first
    assert (pixels(second)[60:] == pixels(first)[60:]).all()
    assert wall.decodes == 8


def test_only_a_camera_with_a_new_picture_is_decoded() -> None:
    wall, shown = a_wall(), tiles(8)
    compose(wall, shown)
    shown[3] = replace(shown[3], picture=picture(BLUE, age=1))
    seen = compose(wall, shown)
    assert wall.decodes == 9
    assert is_close(middle(area(seen, layout(8)[3])), BLUE)


@pytest.mark.parametrize(
    ("before", "after", "is_drawn"),
    [
        ({"age": 2}, {"age": 9.9}, False),
        ({"age": 9.9}, {"age": 10}, True),
        ({"age": 11.1}, {"age": 11.9}, False),
        ({"age": 11.9}, {"age": 12.1}, True),
        ({"age": 130}, {"age": 170}, False),
        ({"age": 170}, {"age": 181}, True),
        ({"age": None}, {"age": 3}, False),
        ({"age": 40, "is_stale": True}, {"age": 400, "is_stale": True}, False),
        ({"is_stale": False}, {"is_stale": True}, True),
        ({"condition": Condition.OK}, {"condition": Condition.COVERED}, True),
        ({"name": "Tembok"}, {"name": "Menara"}, True),
        ({"position": 1}, {"position": 2}, False),
    ],
)
def test_a_tile_is_drawn_again_when_it_says_something_else(
    before: dict[str, Any], after: dict[str, Any], is_drawn: bool
) -> None:
    wall = a_wall()
    first = compose(wall, [tile(**before)])
    assert (compose(wall, [tile(**after)]) is not first) == is_drawn
    assert wall.decodes == 1


def test_a_damaged_picture_is_tried_once() -> None:
    wall, shown = a_wall(), [tile(picture=replace(picture(), jpeg=b"no picture"))]
    assert compose(wall, shown) is compose(wall, shown)
    assert wall.decodes == 1


def test_the_wall_is_the_same_after_an_incident_as_before() -> None:
    wall, calm = a_wall(), order(tiles(5))
    before = compose(wall, calm)
    near = order(calm, ["camera-4"])
    during = compose(wall, near, alarm="DARURAT")
    assert during == compose(a_wall(), near, alarm="DARURAT")
    after = compose(wall, order(calm))
    assert during not in (before, after)
    assert after == before


def test_a_camera_that_is_gone_leaves_nothing_behind() -> None:
    wall = a_wall()
    compose(wall, tiles(4))
    assert compose(wall, tiles(3)) == compose(a_wall(), tiles(3))
    decodes = wall.decodes
    compose(wall, tiles(4))
    assert wall.decodes > decodes
