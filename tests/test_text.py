"""Texts: one count, one tidy, safe names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdsfz_xl import text


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        ("", 0),
        ("情况说明", 4),
        ("a b\tc\nd\r\ne", 5),
        ("全\u3000角\u00a0空\u200b格\ufeff", 4),
        ("😀", 1),
        ("𠮷", 1),
        ("👨\u200d👩", 3),
        ("1,286人次。", 8),
        ("\x01控制", 2),
    ],
)
def test_count_is_code_points_without_blanks(said, counted):
    assert text.count(said) == counted


@given(st.text())
def test_tidy_never_changes_the_count_and_is_idempotent(said):
    """What goes at the ends is blank, apart from vertical blanks nobody types."""
    plain = "".join(c for c in said if c not in "\x0b\x0c\x85\u2028\u2029")
    assert text.count(text.tidy(plain)) == text.count(plain)
    assert text.tidy(text.tidy(plain)) == text.tidy(plain)


def test_tidy_keeps_everything_inside():
    assert text.tidy(" \u3000甲\r\n\r乙  丙\u200b\n") == "甲\n\n乙  丙"


def test_squash_compares_what_people_take_for_equal():
    assert text.squash("（１）全面 实行\n持证") == text.squash("(1)全面实行持证")


@given(st.text())
def test_visible_shows_no_control_and_no_direction(said):
    shown = text.visible(said)
    assert not any(c in shown for c in "\x00\x07\u202e\u2066\ud800")


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("市司法局", "市司法局"),
        ("a/b\\c:d*e?", "a／b＼c：d＊e？"),
        ("市委办/市档案局", "市委办／市档案局"),
        ("con", "_con"),
        ("COM¹", "_COM¹"),
        ("aux.", "_aux"),
        ("nul .txt", "_nul .txt"),
        ("\x00 \u202e ", "_"),
        ("尾巴. .", "尾巴"),
        ("\u202e反向", "反向"),
        ("", "_"),
        ("局" * 100, "局" * 60),
    ],
)
def test_file_names_every_system_takes(wanted, name):
    assert text.file_name(wanted) == name


@given(st.text())
def test_file_names_are_short_and_without_separators(said):
    name = text.file_name(said)
    assert name
    assert len(name.encode("utf-8", "surrogatepass")) <= 181
    assert not set(name) & set('<>:"/\\|?*')


def test_a_text_for_notepad_has_a_mark_and_ends_its_lines_as_windows_does():
    assert text.for_notepad("甲\n乙\ud800") == b"\xef\xbb\xbf" + "甲\r\n乙\\ud800".encode()


@pytest.mark.parametrize(
    ("number", "measure", "shown"),
    [
        (None, "件", ""),
        (12.0, "", "12"),
        (0.0, "件", "0件"),
        (1286400.0, "万元/公顷", "1286400万元/公顷"),
        (999999999999999.0, "件", "999999999999999件"),
        (1e16, "件", "10000000000000000件"),
        (98.5, "%", "98.5%"),
        (1234567.1234567, "元", "1234567.1234567元"),
        (1e-7, "km²", "0.0000001km²"),
        (35.5, "24小时制次", "35.5 24小时制次"),
    ],
)
def test_a_figure_has_all_its_digits_and_its_unit(number, measure, shown):
    assert text.figure(number, measure) == shown


@given(st.floats(0, 1e15))
def test_no_digit_of_a_figure_is_lost(number):
    shown = text.digits(number)
    assert float(shown) == number
    assert set(shown) <= set("0123456789.")
    assert not shown.endswith(".0")
