"""Which folder holds the spam, whatever a server calls it; the rest is tried in test_fetching."""

import pytest

from pdsfz_xl import inbox


@pytest.mark.parametrize(
    ("name", "flags", "junk"),
    [
        ("任何名字", [rb"\HasNoChildren", rb"\Junk"], True),
        ("INBOX.Spam", [rb"\JUNK"], True),
        ("垃圾邮件", [], True),
        ("其他文件夹/垃圾邮件", [], True),
        ("INBOX.Junk", [], True),
        ("Junk E-mail", [], True),
        ("广告邮件", [], True),
        ("垃圾邮件", [rb"\NoSelect"], False),
        ("INBOX", [], False),
        ("垃圾分类工作", [], False),
        ("已发送", [rb"\Sent"], False),
    ],
)
def test_where_the_spam_is(name, flags, junk):
    assert inbox._is_junk(name, flags) is junk
