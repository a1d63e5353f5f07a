"""The authorization code of the office's mailbox: looked up or asked for, written nowhere by us.

First the environment, then the system's own store of passwords (optional package `keyring`), else
whoever sits there is asked.
"""

import os
from collections.abc import Callable

from pdsfz_xl.errors import OperatorError

VARIABLE = "PDSFZ_MAIL_PASSWORD"
_SERVICE = "pdsfz-xl"

Ask = Callable[[str], str]
"""Given the account, what the person types unseen."""


def password(user: str, ask: Ask | None) -> str:
    """The code for an account. `ask` is None where nobody can be asked.

    Raises OperatorError where there is none.
    """
    known = os.environ.get(VARIABLE, "") or _stored(user) or (ask(user) if ask else "")
    if not known.strip():
        raise OperatorError(
            f"没有邮箱 {user} 的授权码；请设置环境变量 {VARIABLE}，"
            "或在命令行窗口里运行（不加 --json），按提示输入。"
        )
    return known.strip()


def remember(user: str, code: str) -> bool:
    """Put the code into the system's store; False where there is none."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return False
    try:
        keyring.set_password(_SERVICE, user, code)
    except KeyringError:
        return False
    return True


def _stored(user: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return keyring.get_password(_SERVICE, user) or ""
    except KeyringError:  # a machine without a store (a server, a locked desktop)
        return ""
