"""Documents to lay out, and eyes to look at the result (poppler)."""

import re
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from PIL import Image

from services.documents.layout import Box, OfficialDocument
from services.documents.layout.sheet import HEIGHT

PARAGRAPH = (
    "Giao Sở Khoa học và Công nghệ chủ trì, phối hợp với Văn phòng Ủy ban nhân dân tỉnh theo dõi, "
    "đôn đốc, tổng hợp kết quả, báo cáo Chủ tịch Ủy ban nhân dân tỉnh trước ngày 15 tháng 12."
)
DECISION = OfficialDocument(
    agency="Ủy ban nhân dân\ntỉnh Ninh Bình",
    place="Ninh Bình",
    year=2026,
    type_code="QĐ",
    type_name="Quyết định",
    notation="QĐ-UBND",
    subject="Ban hành Quy chế gửi, nhận văn bản điện tử",
    paragraphs=("Căn cứ Luật Giao dịch điện tử;", "QUYẾT ĐỊNH:", f"Điều 1. {PARAGRAPH}"),
    recipients_list=("Như Điều 1", "Lưu: VT, VX"),
    authority="KT. Chủ tịch",
    position="Phó Chủ tịch",
    signer_name="Nguyễn Thị Ánh Tuyết",
)
LETTER = replace(
    DECISION,
    type_code="CV",
    type_name="",
    notation="UBND-VX",
    subject="Về việc gửi, nhận văn bản điện tử",
    paragraphs=(PARAGRAPH,),
    addressees=("Các sở, ban, ngành", "Ủy ban nhân dân các xã, phường"),
)


class Seen(NamedTuple):
    """A word where the reader sees it, in points from the bottom left."""

    text: str
    page: int
    x1: float
    y1: float
    x2: float
    y2: float


def poppler(pdf: bytes, *command: str) -> bytes:
    """Run a poppler tool on `pdf`; "FILE" and "OUT" in the command stand for its files."""
    with TemporaryDirectory() as folder:
        file, out = Path(folder, "page.pdf"), Path(folder, "out")
        file.write_bytes(pdf)
        names = {"FILE": str(file), "OUT": str(out)}
        done = subprocess.run(
            [names.get(part, part) for part in command], capture_output=True, check=True, timeout=30
        )
        made = sorted(Path(folder).glob("out*"))
        return made[0].read_bytes() if made else done.stdout


def text_of(pdf: bytes, page: int | None = None) -> str:
    pages = () if page is None else ("-f", str(page + 1), "-l", str(page + 1))
    return poppler(pdf, "pdftotext", "-layout", *pages, "FILE", "-").decode()


def words_of(pdf: bytes) -> list[Seen]:
    seen, page = [], -1
    number = r'"([\d.-]+)"'
    word = re.compile(rf"xMin={number} yMin={number} xMax={number} yMax={number}>(.*)</word>")
    for line in poppler(pdf, "pdftotext", "-bbox", "FILE", "-").decode().splitlines():
        page += "<page " in line
        if found := word.search(line):
            x1, top, x2, bottom = (float(found[place]) for place in range(1, 5))
            seen.append(Seen(found[5], page, x1, HEIGHT - bottom, x2, HEIGHT - top))
    return seen


def picture(pdf: bytes, box: Box, dots: int = 144) -> Image.Image:
    """Return the pixels inside `box`."""
    page, scale = str(box.page + 1), dots / 72
    image = Image.open(
        BytesIO(
            poppler(pdf, "pdftoppm", "-r", str(dots), "-f", page, "-l", page, "-png", "FILE", "OUT")
        )
    ).convert("RGB")
    top, bottom = (round((HEIGHT - y) * scale) for y in (box.y2, box.y1))
    return image.crop((round(box.x1 * scale), top, round(box.x2 * scale), bottom))


def is_white(image: Image.Image) -> bool:
    return image.getextrema() == ((255, 255),) * 3


def pixels(image: Image.Image) -> list[tuple[int, int, int]]:
    """Red, green and blue of each dot, row by row."""
    data = image.tobytes()
    return list(zip(data[::3], data[1::3], data[2::3], strict=True))
