"""Row codes: the same on every machine, read back in whatever shape."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdsfz_xl import identity

CODE = identity.make("F201921", "06", "06.2", "全面实行持证上岗", "（2）情况说明")


def test_a_code_stays_what_it_is():
    """The check is published: another program may compute it."""
    assert str(CODE) == "F201921-06-06.2-C5KP"


@pytest.mark.parametrize(
    "shape",
    [
        "{}", " {} ", "编号：{}（请勿修改）", "\t{}\n", "1 {}", "{} 2019年", "{}\n2", "A B {}",
    ],
)  # fmt: skip
def test_a_code_is_found_in_a_cell(shape):
    assert identity.read(shape.format(CODE)) == CODE


def test_a_code_is_found_with_blanks_inside():
    assert identity.read(str(CODE).replace("-", " -\n")) == CODE


@pytest.mark.parametrize(
    ("shape", "bare"),
    [("{}", True), (" {}\n", True), ("{} 不归我局管", False), ("1 {}", False), ("", False)],
)
def test_words_beside_a_code_are_noticed(shape, bare):
    assert identity.is_bare(shape.format(CODE)) == bare


@pytest.mark.parametrize("dash", "-‐‑‒–—―−﹣－")
def test_any_dash_will_do(dash):
    assert identity.read(str(CODE).replace("-", dash)) == CODE


def test_width_and_case_are_forgiven():
    wide = "".join(chr(ord(c) + 0xFEE0) if c != " " else c for c in str(CODE).lower())
    assert identity.read(wide) == CODE


@pytest.mark.parametrize(
    "said", ["", "2019-10-25", "A1", "R1C1", "F201921", "2019-06-06", "1-2", "010-12345678-1"]
)
def test_addresses_dates_and_phones_are_no_codes(said):
    assert identity.read(said) is None


@given(st.text(max_size=40))
def test_the_check_ignores_blanks_and_width(said):
    parts = ("F201921", "06", "06.2")
    spaced = "\u3000".join(said)
    assert identity.check(*parts, said, "") == identity.check(*parts, spaced, "")


@given(st.from_regex(r"\A[A-Z0-9]{2,8}\Z"), st.from_regex(r"\A[A-Z0-9]{1,12}\Z"))
def test_every_code_is_read_back(campaign, unit):
    code = identity.make(campaign, unit, "1234.12", "指标", "材料")
    assert identity.read(str(code)) == code


def test_a_text_of_one_sheet_is_not_of_another():
    assert identity.digest("填写说明", "填写说明") != identity.digest("填写说明", "填报表")


def test_versions_that_differ_in_a_blank_are_two():
    one = identity.answer_digest("甲 乙", "", None)
    assert one != identity.answer_digest("甲乙", "", None)
    assert one != identity.answer_digest("甲 乙", "已填报", None)
    assert one != identity.answer_digest("甲 乙", "", 0.0)


def test_a_problem_code_survives_what_people_and_programs_do():
    code = identity.problem_code("F201921", "06", "06.2", "E02", "旧文件.pdf")
    read = identity.read_problem_code(f" {code.lower().replace('-', '－')}\n")
    assert read == ("F201921", "06", "06.2", "E02", code[-8:])
    assert str(read) == code
    other = identity.problem_code("F201921", "06", "06.2", "E02", "新文件.pdf")
    assert other[:-8] == code[:-8]
    assert other != code


def test_no_code_is_taken_for_another():
    problem = identity.problem_code("F201921", "06", "06.2", "E02", "")
    row = str(identity.make("F201921", "06", "06.2", "指标", "材料"))
    printed = identity.print_code("F201921", "06", "06.2", "写的", [])
    assert identity.read(problem) is None
    assert identity.read_print_code(problem) is None
    assert {identity.read_problem_code(said) for said in (row, printed, f"{problem}1", "")} == {
        None
    }
