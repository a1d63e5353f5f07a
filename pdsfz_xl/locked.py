"""A file that opens with a password in, what is inside out, if one of those we may try fits.

Excel itself knows one: it "encrypts" what is merely read-only with VelvetSweatshop and never asks
for it ([MS-OFFCRYPTO] 2.4.2.3).
"""

import io
from collections.abc import Sequence

from pdsfz_xl import wording as w
from pdsfz_xl.compound import MAGIC, Compound
from pdsfz_xl.package import Attributes, Refused, local, parse_xml

_KNOWN = "VelvetSweatshop"
_MOST_SPINS = 1_000_000
"""How often a password may be hashed. Excel: 100,000; the format: ten million."""


def unlocked(data: bytes, passwords: Sequence[str]) -> bytes:
    """A compound file's contents: a zip, or another compound file. Raises Refused (F02, F03)."""
    if data.startswith(MAGIC):
        _check(Compound(data))
        for password in (_KNOWN, *filter(None, passwords)):
            if found := _tried(data, password):
                return found
    raise Refused(*w.FILE_KINDS["password"])


def _check(compound: Compound) -> None:
    """Whether the streams are whole, and what describes them is no bomb."""
    compound.stream("EncryptedPackage")
    info = compound.stream("EncryptionInfo") or b""
    if info.startswith(_AGILE):
        parse_xml([info[8:]], 20, _check_spins)


_AGILE = b"\4\0\4\0"
"""The version whose description is XML (2.3.4.10)."""


def _check_spins(_: str, attributes: Attributes) -> None:
    said = local(attributes, "spinCount") or "0"
    if not said.isdecimal() or len(said) > 9 or int(said) > _MOST_SPINS:
        raise Refused("F08", "加密参数异常")


def _tried(data: bytes, password: str) -> bytes:
    """Empty where the password does not fit, or the way of encryption is none we know."""
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, FileFormatError

    plain = io.BytesIO()
    try:
        file = msoffcrypto.OfficeFile(io.BytesIO(data))
        file.load_key(password=password)
        file.decrypt(plain)
    except (DecryptionError, FileFormatError):
        return b""
    except MemoryError:
        raise
    except Exception as error:  # struct.error, AssertionError, KeyError and a dozen others
        raise Refused("F03", "加密的内容损坏") from error
    return plain.getvalue()
