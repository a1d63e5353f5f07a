"""Makes the pictures of the README from the demo.

Needs LibreOffice, poppler, Xvfb and ImageMagick, and Chinese fonts: what a bureau sees on a small
screen (1366 x 768, at 100 %) and what comes out of the printer.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pdsfz_xl import demo, form, master
from pdsfz_xl import wording as w
from pdsfz_xl.form import Filled

PICTURES = Path(__file__).parents[1] / ".github" / "pictures"
DISPLAY = ":97"
CHINESE = {"LANG": "zh_CN.UTF-8", "LC_ALL": ""}
"""So that 宋体 is replaced by a Chinese typeface, whose figures are as wide as those of 宋体."""
FEW_COLOURS = ("+dither", "-colors", "128")
PAPER = ("cover.png", "overview.png", "changes.png", "page.png")
"""The first pages of the demo's last print."""
SAID = "2019年以来，我市认真贯彻落实，建立健全工作机制，召开专题会议12次，培训386人次。"


@contextmanager
def running(*words: str, **more: str) -> Iterator[None]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(words, env={**os.environ, **more}, **quiet)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def shown(out: Path) -> bytes:
    words = ["import", "-display", DISPLAY, "-window", "root", *FEW_COLOURS, f"png8:{out}"]
    subprocess.run(words, check=True)
    return out.read_bytes()


def screen(book: Path, name: str) -> None:
    """Open a workbook in LibreOffice's own window and wait until nothing changes any more."""
    out = PICTURES / name
    with (
        tempfile.TemporaryDirectory() as profile,
        # Without -noreset the server starts anew whenever its last client, as `import`, leaves.
        running("Xvfb", DISPLAY, "-screen", "0", "1366x768x24", "-noreset"),
    ):
        time.sleep(1)
        words = ["soffice", f"-env:UserInstallation=file://{profile}", "--norestore"]
        words += [
            "--nofirststartwizard",
            "--nologo",
            "--calc",
            shutil.copy(book, f"{profile}.xlsx"),
        ]
        with running(*words, DISPLAY=DISPLAY, SAL_USE_VCLPLUGIN="gen", **CHINESE):
            empty = seen = shown(out)
            for _ in range(60):
                time.sleep(2)
                before, seen = seen, shown(out)
                if len(seen) > 3 * len(empty) and seen == before:
                    return
    raise SystemExit(f"{book} did not come to rest on the screen")


def pages(source: Path, folder: Path) -> Path:
    """A workbook or a document as LibreOffice prints it."""
    copy = shutil.copy(source, folder / f"a{source.suffix}")
    words = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"]
    words += ["--convert-to", "pdf", "--outdir", str(folder), str(copy)]
    subprocess.run(words, check=True, capture_output=True, env={**os.environ, **CHINESE})
    return folder / "a.pdf"


def png(pdf: Path, page: int, name: str, dots: int) -> None:
    out = PICTURES / name
    words = ["pdftoppm", "-png", "-singlefile", "-r", str(dots), "-f", str(page), "-l", str(page)]
    subprocess.run([*words, str(pdf), str(out.with_suffix(""))], check=True)
    subprocess.run(["mogrify", *FEW_COLOURS, "-format", "png", str(out)], check=True)


def filled(folder: Path) -> Path:
    """A form in every state: done, 500 and 1000 characters, too long, an earlier answer."""
    plan = master.read(folder / "master" / "任务分解表.xlsx")
    unit = next(unit for unit in plan.units if unit.name == "市司法局")
    texts = [SAID * 6, (SAID * 30)[:1000], SAID * 3, "今年没有发生这类情形。", SAID * 14, SAID * 26]
    choices = [w.ANSWERED, w.ANSWERED, w.PREVIOUS, w.NOTHING, w.ANSWERED, w.ANSWERED]
    answers = {
        requirement.key: Filled(choice, text)
        for requirement, choice, text in zip(plan.due(unit.code), choices, texts, strict=False)
    }
    path = folder / "填写中.xlsx"
    path.write_bytes(form.build(plan, unit, answers, prefilled=True))
    return path


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        demo.run(folder / "demo")
        blank = next((folder / "demo" / "out" / "1-下发").glob("04_*.xlsx"))
        screen(blank, "form.png")
        working = filled(folder / "demo")
        screen(working, "filling.png")
        png(pages(working, folder), 1, "form-page.png", 80)
        prints = folder / "demo" / "out" / "5-打印"
        png(pages(prints / "汇总表（打印版）.xlsx", folder), 3, "print-book.png", 60)
        png(pages(prints / "汇总表.docx", folder), 3, "print-word.png", 60)
        for page, picture in enumerate(PAPER, 1):
            png(folder / "demo" / "out" / "5-打印" / "汇总表.pdf", page, picture, 60)


if __name__ == "__main__":
    main()
