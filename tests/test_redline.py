"""Changes are marked as a person would mark them, and no character is lost on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdsfz_xl import redline

WRITTEN = st.text(alphabet="甲乙丙丁12 ,，。；\n𠮷", max_size=60)


def shown(runs) -> str:
    return "".join(f"[{run.text}]" if run.changed else run.text for run in runs)


@given(WRITTEN, WRITTEN)
def test_both_texts_are_whole(old, new):
    before, after = redline.marked(old, new)
    assert "".join(run.text for run in before) == old
    assert "".join(run.text for run in after) == new


@given(WRITTEN, WRITTEN)
def test_what_is_not_marked_is_the_same(old, new):
    before, after = redline.marked(old, new)
    kept = ["".join(run.text for run in runs if not run.changed) for runs in (before, after)]
    assert kept[0] == kept[1]


@given(WRITTEN)
def test_equal_texts_have_no_marks(text):
    assert not any(run.changed for runs in redline.marked(text, text) for run in runs)


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ("培训386人次。", "培训388人次。", "培训[386]人次。", "培训[388]人次。"),
        ("召开会议5次。", "召开专题会议5次。", "召开会议5次。", "召开[专题]会议5次。"),
        ("甲。乙。丙。", "甲。丙。", "甲。[乙。]丙。", "甲。丙。"),
        ("", "全新的一段。", "", "[全新的一段。]"),
        (
            "制定措施7项，效果良好。",
            "开展检查36次，发现问题。",
            "[制定措施7项，效果良好]。",
            "[开展检查36次，发现问题]。",
        ),
    ],
)
def test_marks_are_those_one_would_make(old, new, before, after):
    assert tuple(map(shown, redline.marked(old, new))) == (before, after)


def test_long_texts_without_a_stop_are_no_work():
    """Neither side is compared character by character: that would be ten million pairs."""
    old, new = "甲" + "子丑寅卯" * 4000 + "乙", "丙" + "辰巳午未" * 4000 + "丁"
    before, after = redline.marked(old, new)
    assert len(before) == len(after) == 1
