"""What the certificate commands print: tables for people, Vietnamese and English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.signatures.pdf.facts import certificate_facts
from tools.certificates.doctor import Visit
from tools.certificates.examine import Examined
from tools.certificates.findings import Finding
from tools.certificates.rehearsal import Rehearsal

KINDS = {
    "leader": "người ký · leader",
    "seal": "con dấu · seal",
    "service": "dịch vụ · service key",
    "ca": "tổ chức chứng thực · CA",
    "ocsp": "OCSP",
    "tsa": "dấu thời gian · TSA",
}
_STATES = {
    "healthy": ("green", "Tốt · healthy"),
    "warning": ("yellow", "Cần chú ý · look at it"),
    "error": ("red", "Không dùng được · fails"),
}
_WHY = {
    "never": "chưa được cấp · never had one",
    "expired": "hết hạn · expired",
    "revoked": "đã thu hồi · revoked",
    "returned": "đã trả thiết bị · device returned",
    "lost": "mất thiết bị · device lost",
    "not_yet_valid": "chưa có hiệu lực · not yet valid",
}
_FILE_WIDTH = 170
_MOST_HEALTHY = 10


def console() -> Console:
    """Wide enough for every column when the output goes to a file."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=_FILE_WIDTH)


def text(content: object, style: str = "") -> Text:
    """A stranger's words, without what a terminal would obey."""
    kept = (sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(content))
    return Text("".join(kept), style)


def show_missing(found: Mapping[str, Any], out: Console) -> None:
    """Positions with the authority to sign and no valid certificate."""
    if found["agencies"]:
        table = _table("cơ quan · agency", "cấp · tier", "chức vụ · position", "họ tên · name", "")
        for agency in found["agencies"]:
            for number, one in enumerate(agency["missing"]):
                head = (text(agency["name"]), str(agency["tier"])) if not number else ("", "")
                table.add_row(*head, text(one["title"]), text(one["full_name"]), _WHY[one["why"]])
        out.print(table)
    out.print(
        Text(
            f"{found['at']}: {found['missing']} / {found['leaders']} người có thẩm quyền ký chưa"
            " có chứng thư · positions without a certificate",
            "bold red" if found["missing"] else "bold green",
        )
    )


def show_forecast(found: Mapping[str, Any], out: Console) -> None:
    """What expires, month by month; below, what stops with each kind."""
    if not found["months"]:
        out.print(f"Không có chứng thư nào hết hạn đến {found['until']} · nothing expires.")
        return
    table = _table("tháng · month", "ngày · day", "còn · days", "", "của ai · whose", "")
    stops: dict[str, Mapping[str, str]] = {}
    for month in found["months"]:
        for number, one in enumerate(month["expiries"]):
            days = one["days_left"]
            colour = "red" if days < 7 else "yellow" if days < 30 else ""
            stops[one["kind"]] = one["stops"]
            table.add_row(
                "" if number else month["month"],
                one["stops_on"],
                Text(str(days), colour),
                KINDS[one["kind"]],
                text(_whose(one)),
                _note(one),
            )
    out.print(table)
    out.print(Text("\nKhi đó · then", "bold"))
    for kind, words in stops.items():
        out.print(f"  {KINDS[kind]}: {words['vi']} {words['en']}", soft_wrap=True, markup=False)


def _whose(one: Mapping[str, Any]) -> str:
    others = [agency for agency in one["agencies"] if agency != one["name"]]
    return ", ".join([one["name"] or one["owner_id"], *others])


def _note(one: Mapping[str, Any]) -> Text:
    notes = []
    if one["because"]:
        notes.append(f"vì · because of {one['because']}")
    if one["below"]:
        notes.append(f"{one['below']} chứng thư · certificates below")
    if one["asked"]:
        notes.append("đã đề nghị · asked for")
    elif "ask_by" in one:
        notes.append(f"đề nghị trước · ask by {one['ask_by']}")
    return text("; ".join(notes), "dim")


def show_visit(visit: Visit, out: Console) -> None:
    """Each certificate with its findings; of many, healthy ones are counted alone."""
    many = len(visit.examined) > _MOST_HEALTHY
    for one in sorted(visit.examined, key=lambda each: list(_STATES).index(each.state)):
        if one.findings or not many:
            _show_examined(one, out)
    for found in visit.findings:
        _show_finding(found, out)
    states = [one.state for one in visit.examined]
    counts = ", ".join(f"{states.count(state)} {words}" for state, (_, words) in _STATES.items())
    out.print(Text(f"{len(states)} chứng thư · certificates: {counts}", "bold"))


def _show_examined(one: Examined, out: Console) -> None:
    colour, words = _STATES[one.state]
    links = [certificate_facts(each) for each in one.chain.links]
    whose = f" ({one.holder})" if one.holder and one.holder != links[0].name else ""
    out.print(
        Text(words, f"bold {colour}"),
        KINDS[one.kind],
        text(f"{links[0].name}{whose}", "bold"),
        text(f"số {links[0].serial}, đến {links[0].not_after:%Y-%m-%d}", "dim"),
        soft_wrap=True,
    )
    if one.findings:
        chain = " <- ".join(each.name for each in links)
        out.print(text(f"    {chain}", "dim"), soft_wrap=True)
    for found in one.findings:
        _show_finding(found, out, "    ")


def _show_finding(found: Finding, out: Console, indent: str = "") -> None:
    colour = _STATES[found.severity][0]
    place = f"mắt xích {found.link} · link {found.link}" if found.certificate else ""
    out.print(
        text(f"{indent}{place}"), text(found.certificate, "bold"), Text(f"[{found.code}]", colour),
        text(found.detail, "dim"), soft_wrap=True,
    )  # fmt: skip
    out.print(f"{indent}  {found.vi} {found.en}", soft_wrap=True, markup=False)
    out.print(f"{indent}  → {found.do_vi} {found.do_en}", soft_wrap=True, markup=False)


def show_rehearsal(found: Rehearsal, out: Console) -> None:
    """Who would stop, and which verdicts would change."""
    if found.stopped:
        out.print(Text("Sẽ không ký được · could not sign", "bold red"))
        table = _table("", "của ai · whose", "cơ quan · agency", "vì · because of", "chờ · waiting")
        for one in found.stopped:
            agencies = ", ".join(one.agencies)
            waiting = str(one.waiting or "-")
            table.add_row(
                KINDS[one.kind], text(one.name), text(agencies), text(one.because), waiting
            )
        out.print(table)
    if found.changed:
        out.print(Text("Kết luận sẽ khác · verdicts that would change", "bold red"))
        table = _table("văn bản · document", "cơ quan · agency", "nay · now", "khi đó · then", "")
        for each in found.changed:
            table.add_row(
                text(each.code or each.document_id), text(each.agency), each.verdict, each.then,
                f"{each.vi} {each.en}",
            )  # fmt: skip
        out.print(table)
    if not found.stopped and not found.changed:
        out.print(Text("Không có gì dừng lại · nothing would stop", "bold green"))


def show_authorities(rows: Iterable[tuple[str, str, str, str]], out: Console) -> None:
    """Authorities: kind, name, last day, and whether the directory has them."""
    table = _table("", "tên · name", "đến · until", "danh bạ · directory")
    for kind, name, last, entered in rows:
        table.add_row(KINDS[kind], text(name), last, entered)
    out.print(table)


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title)
    return table
