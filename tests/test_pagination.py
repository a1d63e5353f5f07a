"""Pages of a table: nothing is lost, nothing is too high, every page says what it goes on with."""

import pytest
from counts import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from pdsfz_xl import wording as w
from pdsfz_xl import wrapping
from pdsfz_xl.pagination import Geometry, Group, Line, Page, paginate, shown

GEOMETRY = Geometry(height=600.0, rooms=(4.0, 12.0, 10.0, 8.0, 40.0, 6.0), pitch=15.3)
OWN = 3
"""The first column that is no label."""

CHARACTERS = st.sampled_from("法治政府，。；（）“”、\n\n 1234567890abcWM%—…😀𠮷ก")
WORDS = st.text(CHARACTERS, max_size=60)
LONG = st.builds(lambda word, times: word * times, WORDS, st.integers(0, 60))
TEXTS = st.one_of(WORDS, LONG, st.just("a" * 900), st.just("，" * 700), st.just("行\n" * 80))


@st.composite
def tables(draw) -> list[Line]:
    """Bands of indicators of requirements of lines; now and then a line over all columns."""
    lines = []
    for band in range(draw(st.integers(1, 2))):
        for indicator in range(draw(st.integers(1, 3))):
            number = Group(indicator, (str(indicator), draw(TEXTS)))
            for block in range(draw(st.integers(1, 3))):
                material = Group(block, (draw(TEXTS),))
                for _ in range(draw(st.integers(1, 3))):
                    cells = tuple(draw(TEXTS) for _ in range(draw(st.sampled_from([1, 3]))))
                    lines.append(Line(f"第{band}组", (number, material), cells))
    return lines


def printed(lines: list[Line], geometry: Geometry = GEOMETRY) -> list[Page]:
    return list(paginate(lines, geometry))


def rows_of(pages: list[Page], place: int):
    return [r for page in pages for r in page.rows if r.line == place and not r.band]


@settings(max_examples=examples(60), deadline=None)
@given(tables())
def test_the_pieces_of_a_line_are_its_texts(lines):
    pages = printed(lines)
    for place, line in enumerate(lines):
        rows = rows_of(pages, place)
        for column, text in enumerate(line.cells, OWN):
            assert "".join(row.cells[column] for row in rows) == text
        assert [row.begins for row in rows] == [True] + [False] * (len(rows) - 1)
        assert [row.ends for row in rows] == [False] * (len(rows) - 1) + [True]


@settings(max_examples=examples(60), deadline=None)
@given(tables())
def test_every_label_is_said_whole(lines):
    """Merged over its rows, or in pieces beside the first line of its group."""
    pages = printed(lines)
    merged = {label.text for page in pages for label in page.labels}
    before: tuple[Group, ...] = ()
    band = ""
    for place, line in enumerate(lines):
        column, new = 0, band != line.band
        band = line.band
        for level, group in enumerate(line.groups):
            new = new or before[level : level + 1] != (group,)
            for text in group.texts if new else ():
                pieces = "".join(row.cells[column] for row in rows_of(pages, place))
                assert {text, w.continued_label(text)} & {pieces, *merged}
                column += 1
            column += 0 if new else len(group.texts)
        before = line.groups


@settings(max_examples=examples(60), deadline=None)
@given(tables())
def test_no_page_and_no_row_is_too_high(lines):
    for page in printed(lines):
        assert sum(row.height for row in page.rows) <= GEOMETRY.height + 1e-6
        assert all(row.height <= GEOMETRY.tallest + 1e-6 for row in page.rows)
        for row in page.rows:
            last = len(GEOMETRY.rooms) - 1
            for column, text in enumerate(row.cells):
                alone = row.band or not any(row.cells[column + 1 :])
                wide = last if alone and column >= (0 if row.band else OWN) else column
                assert len(text) <= GEOMETRY.longest
                if wide == column:
                    assert GEOMETRY.needs(shown(text), column, column) <= row.height + 1e-6
        for label in page.labels:
            rows = page.rows[label.first : label.last + 1]
            need = GEOMETRY.needs(label.text, label.column, label.column)
            assert need <= sum(row.height for row in rows) + 1e-6


@settings(max_examples=examples(60), deadline=None)
@given(tables())
def test_every_page_begins_with_its_band_and_labels(lines):
    for number, page in enumerate(printed(lines)):
        band, first = page.rows[:2]
        goes_on = number > 0 and not first.begins
        assert band.band
        assert band.cells[0].startswith(lines[first.line].band)
        assert band.cells[0].endswith(w.continued_label("")) or not goes_on
        for column in range(OWN):
            of_row = [x for x in page.labels if x.column == column and x.first <= 1 <= x.last]
            assert (
                len(of_row) + bool(first.cells[column]) >= 1
                or not _texts(lines[first.line])[column]
            )


def _texts(line: Line) -> list[str]:
    return [text for group in line.groups for text in group.texts]


@settings(max_examples=examples(60), deadline=None)
@given(tables())
def test_the_order_is_kept(lines):
    places = [row.line for page in printed(lines) for row in page.rows]
    assert places == sorted(places)
    assert set(places) == set(range(len(lines)))


def test_labels_of_a_page_do_not_overlap():
    lines = [
        Line("组", (Group(1, ("1", "指标")), Group(b, (f"材料{b}",))), ("甲", "字" * 900, ""))
        for b in (1, 1, 2, 2, 3)
    ]
    for page in printed(lines):
        taken = [(x.column, row) for x in page.labels for row in range(x.first, x.last + 1)]
        assert len(taken) == len(set(taken))
        assert {row for _, row in taken} == {i for i, r in enumerate(page.rows) if not r.band}


def test_a_line_that_fits_the_next_page_is_not_parted():
    lines = [Line("", (), (str(i), "", "", "", "字" * 500, "")) for i in range(9)]
    assert all(len(rows_of(printed(lines), place)) == 1 for place in range(9))


def test_what_goes_on_says_so():
    group = Group(3, ("3", "指标"))
    first, second, *_ = printed([Line("组", (group, Group(1, ("材料",))), ("甲", "字" * 3000, ""))])
    assert [x.text for x in first.labels] == ["3", "指标", "材料"]
    assert [x.text for x in second.labels] == ["3（续）", "指标", "材料（续）"]
    assert second.rows[0].cells[0] == "组（续）"


def test_high_labels_raise_the_last_row_of_their_group():
    group = Group(3, ("3", "指标" * 60))
    (page,) = printed([Line("", (group, Group(i, ("",))), ("甲", "短", "")) for i in range(3)])
    assert page.rows[2].height > page.rows[0].height == page.rows[1].height


def test_a_page_that_cannot_hold_the_highest_row_is_refused():
    with pytest.raises(ValueError, match="must fit a page"):
        Geometry(height=400.0, rooms=(10.0,), pitch=15.0)


# --- lines ---------------------------------------------------------------------------------


@given(TEXTS, st.floats(2, 60))
def test_lines_are_the_text_without_its_line_ends(text, room):
    spans = list(wrapping.lines(text, room))
    assert "".join(text[a:b] for a, b in spans) == text.replace("\n", "")
    assert wrapping.count(text, room) == len(spans)


@given(TEXTS, st.floats(4, 60), st.integers(1, 30), st.integers(50, 960))
def test_a_piece_keeps_to_its_lines_and_characters(text, room, most, longest):
    at = wrapping.cut(text, room, most, longest)
    assert at > 0 or not text
    assert at <= longest
    assert wrapping.count(shown(text[:at]), room) <= most


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("法治政府建设", ["法治政", "府建设"]),
        ("法治政，府", ["法治", "政，府"]),
        ("法（治）府", ["法", "（治）", "府"]),
        ("a" * 8, ["aaaaa", "aaa"]),
        ("a\n\nb", ["a", "", "b"]),
        ("", [""]),
    ],
)
def test_no_line_begins_with_a_mark_that_closes_or_ends_with_one_that_opens(text, lines):
    assert [text[a:b] for a, b in wrapping.lines(text, 3.3)] == lines


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("一二三四五六七八\n九十" + "字" * 30, "一二三四五六七八\n"),
        ("一二三四五六七。”九十" + "字" * 30, "一二三四五六七。”"),
        ("一二三\n四五六七八九十" + "字" * 30, "一二三\n四五六七八"),
    ],
    ids=["paragraph", "sentence", "anywhere"],
)
def test_a_text_is_parted_where_it_hurts_least(text, piece):
    assert text[: wrapping.cut(text, 5.0, 2, 960)] == piece
