"""What people read of archives that are not opened whole."""

from typing import Final

INSIDE_TWIN: Final = "！/"
"""Stands for INSIDE in the name of a folder, which would look like an archive."""
NO_ARCHIVE: Final = "不是压缩包也不是邮件"
ARCHIVE_CUT: Final = "压缩包不完整，可能没有下载完"
ARCHIVE_DAMAGED: Final = "压缩包损坏"
MEMBER_DAMAGED: Final = "压缩包里的这个文件损坏"
ARCHIVE_LOCKED: Final = "压缩包有密码"
ARCHIVE_VOLUME: Final = "这是分卷压缩包的一卷，请对方改发一个完整的 zip"
ARCHIVE_OVERLAP: Final = "压缩包里的条目互相重叠"
ARCHIVE_ENTRIES: Final = "压缩包里的条目过多"
NEEDS_SEVEN_ZIP: Final = "压缩包（rar/7z）需要 7-Zip 才能打开：安装 7-Zip，或请对方改发 zip"
SEVEN_ZIP_CANNOT: Final = "电脑上的 7-Zip 打不开这种压缩包，请对方改发 zip"
RARE_METHOD: Final = "用了少见的压缩方法，请对方用普通的 zip 重新压缩"
BAD_PATH: Final = "名字指向压缩包外面的文件夹"
IS_LINK: Final = "是快捷方式（符号链接），不是文件本身"
TWO_OF_A_NAME: Final = "压缩包里有两个同名的文件，分不清"
TOO_LARGE_INSIDE: Final = "解压后的内容过大"


def too_many_files(limit: int) -> str:
    return f"里面的文件超过 {limit} 个，请解压后分批放入收件夹"


def too_deep(limit: int) -> str:
    return f"压缩包和邮件套了 {limit} 层以上，请解压后放入收件夹"
