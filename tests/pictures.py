"""Makes the pictures of the README from the demo: needs LibreOffice and poppler."""

import subprocess
import tempfile
from pathlib import Path

from pdsfz_xl import demo

PICTURES = Path(__file__).parents[1] / ".github" / "pictures"


def png(pdf: Path, page: int, name: str, dots: int) -> None:
    out = PICTURES / name
    words = ["pdftoppm", "-png", "-singlefile", "-r", str(dots), "-f", str(page), "-l", str(page)]
    subprocess.run([*words, str(pdf), str(out.with_suffix(""))], check=True)


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo.run(Path(folder) / "demo")
        out = Path(folder) / "demo" / "out"
        returned = out / "2-收件" / "司法局" / "执法监督科.xlsx"
        subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless",
             "--convert-to", "pdf", "--outdir", folder, str(returned)],
            check=True, capture_output=True,
        )  # fmt: skip
        png(Path(folder) / "执法监督科.pdf", 1, "form.png", 80)
        png(out / "5-打印" / "汇总表.pdf", 3, "page.png", 60)


if __name__ == "__main__":
    main()
