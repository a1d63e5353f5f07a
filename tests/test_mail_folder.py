"""The folder of a mail says whose it is, wherever it is moved; no other folder is taken for one."""

import pytest

from pdsfz_xl import mail_folder
from pdsfz_xl import mail_wording as mw

DAY = "2019-10-24"


@pytest.mark.parametrize(
    ("unit", "sender", "number", "name"),
    [
        ("", "a_b@c.cn", 1, "2019-10-24_a_b@c.cn"),
        ("市司法局", "a@c.cn", 1, "2019-10-24_市司法局 a@c.cn"),
        ("市 司 法 局", "a@c.cn", 2, "2019-10-24_市 司 法 局 a@c.cn (2)"),
        ("", "", 1, f"2019-10-24_{mw.NO_SENDER}"),
        ("", "../../x@c.cn", 1, "2019-10-24_..／..／x@c.cn"),
    ],
)
def test_a_name_and_back(unit, sender, number, name):
    assert mail_folder.name(DAY, unit, sender, number) == name
    found = mail_folder.sender_of(name)
    assert found == (unit, sender.replace("/", "／") or mw.NO_SENDER)


@pytest.mark.parametrize(
    "name", ["市司法局", "2019-10-24", "2019-10-24_市司法局报送", "10.24_a@b.cn", ""]
)
def test_no_other_folder_is_one(name):
    assert mail_folder.sender_of(name) is None


def test_what_was_written_beside_the_files():
    assert mail_folder.is_facts(f"out/2-收件/邮件/2019-10-24_a@b.cn/{mw.MAIL_FACTS}")
    assert not mail_folder.is_facts(f"out/2-收件/市司法局/{mw.MAIL_FACTS}")
    assert not mail_folder.is_facts(mw.MAIL_FACTS)
