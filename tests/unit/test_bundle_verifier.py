"""The verifier of evidence bundles: a true one is verified, every lie is refused by its rule."""

import ast
import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from libs.translog import Use
from tests.support import bundles
from tests.support.bundles import Store, forged, matter, store, zipped
from tests.support.service_keys import service_key
from tests.support.translog_log import ORIGIN, signer
from tools.bundle import verify_bundle as check
from tools.bundle.rules import texts

Members = dict[str, bytes]
DRAFTED, RETURNED, RENDERED, ISSUED = (
    "events/000004",
    "events/000005",
    "events/000006",
    "events/000009",
)


@pytest.fixture(scope="module")
def whole() -> Members:
    return matter().members()


def refused(content: bytes, policy: str | None = None) -> str:
    found = check.verify(content, policy)
    assert not found["verified"]
    assert found["wrong"]
    return str(found["code"])


def test_a_true_bundle_is_verified(whole: Members) -> None:
    found = check.verify(zipped(whole))
    assert found["verified"], found
    assert (found["events"], found["files"], found["keys_from"]) == (10, 5, "bundle")
    assert found["checkpoints"][0]["witnesses"] == {"w": "2026-11-18T11:06:40+00:00"}
    assert list(found["missing"].values()) == ["erased"]


@pytest.mark.parametrize("begins", [b"{", b"{\xff", b"{" + b'"a":[' * 20_000])
def test_an_attachment_that_only_begins_as_json_is_a_file_as_any(begins: bytes) -> None:
    whole = (bundles.CARD, bundles.TEXT, begins, bundles.REPORT, bundles.ANSWER)
    files = {bundles.digest(body): body for body in whole}
    found = check.verify(zipped(matter(store(pdf=begins), files=files).members()))
    assert found["verified"], found


def test_the_same_matter_makes_the_same_bytes(whole: Members) -> None:
    assert zipped(matter().members()) == zipped(whole)


def test_any_zip_program_reads_it(whole: Members) -> None:
    with zipfile.ZipFile(io.BytesIO(zipped(whole))) as file:
        assert file.testzip() is None
        assert {name: file.read(name) for name in file.namelist()} == whole


def test_members_of_every_size_are_kept() -> None:
    members = {"README.txt": b"", "bundle.json": b"x" * 70_000}
    assert check.unpacked(zipped(members)) == members


def test_the_verifier_needs_cryptography_alone() -> None:
    source = Path(check.__file__).read_text("utf-8")
    nodes = list(ast.walk(ast.parse(source)))
    named = {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
    named |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    # The last one is what `--log` and `--signatures` ask for, where Liên Thông is installed.
    others = {name for name in named if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name.partition(".")[0] for name in others} == {"cryptography", "tools"}
    assert {name for name in others if name.startswith("tools")} == {"tools.bundle.further"}


def test_the_verifier_knows_the_texts_of_this_release() -> None:
    """After a change of words, page or read-me: `python -m tools.bundle.rules`, and add them."""
    unknown = {
        name: bundles.digest(body)
        for name, body in texts().items()
        if bundles.digest(body) not in check.PINNED[name]
    }
    assert unknown == {}


# The ZIP.


def test_bytes_before_behind_and_between_are_refused(whole: Members) -> None:
    content = zipped(whole)
    second = content.index(b"PK\3\4", 4)
    for place in (0, second, len(content)):
        assert refused(content[:place] + b"\0" + content[place:]) == "zip"
    for cut in (0, 10, second, len(content) - 1):
        assert refused(content[:cut]) == "zip"


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/../b", "events/1.entry.json", "files/x.pdf", "verify.py", "a\\b"]
)
def test_names_that_do_not_belong_there_are_refused(whole: Members, name: str) -> None:
    assert refused(forged(whole, **{name: b""})) == "zip"


def rezipped(whole: Members, method: int = zipfile.ZIP_STORED, *more: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as out:
        for name in [*sorted(whole), *more]:
            out.writestr(name, whole[name])
    return file.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_that_another_program_made_is_refused(whole: Members) -> None:
    """Times, attributes, order, compression, a name twice: there is one form."""
    assert refused(rezipped(whole)) == "zip"
    assert refused(rezipped(whole, zipfile.ZIP_DEFLATED)) == "zip"
    assert refused(rezipped(whole, zipfile.ZIP_STORED, "README.txt")) == "zip"


def test_two_headers_that_disagree_are_refused(whole: Members) -> None:
    content = zipped(whole)
    for sign, places in ((b"PK\3\4", range(4, 30)), (b"PK\1\2", range(4, 46))):
        start = content.rindex(sign)
        for place in places:
            flipped = bytearray(content)
            flipped[start + place] ^= 1
            assert refused(bytes(flipped)) == "zip"


# What the manifest covers.


def test_a_member_that_the_manifest_does_not_name_is_refused(whole: Members) -> None:
    extra = f"files/{bundles.digest(b'x')}.bin"
    assert refused(zipped({**whole, extra: b"x"})) == "manifest"
    assert refused(zipped({**whole, "manifest.json": whole["manifest.json"] + b" "})) == "manifest"
    assert refused(zipped({n: b for n, b in whole.items() if n != "manifest.json"})) == "manifest"


@pytest.mark.parametrize("name", ["README.txt", "texts/page.html", "texts/rules.json"])
def test_texts_that_are_always_the_same_are_known(whole: Members, name: str) -> None:
    assert refused(forged(whole, **{name: whole[name] + b" "})) == "published"


def test_the_summary_is_what_is_there(whole: Members) -> None:
    about = json.loads(whole["bundle.json"])
    for name, value in {
        "events": 9,
        "files": 1,
        "log": "x",
        "format": "lienthong-bundle/2",
    }.items():
        body = json.dumps({**about, name: value}).encode()
        assert refused(forged(whole, **{"bundle.json": body})) == "manifest"


# Keys and checkpoints.


def test_keys_may_be_named_beforehand(whole: Members) -> None:
    policy = whole["log/policy"].decode()
    found = check.verify(zipped(whole), f"# mine\n\n{policy}")
    assert (found["verified"], found["keys_from"]) == (True, "policy")


def test_a_log_that_nobody_trusts_is_refused(whole: Members) -> None:
    policy = whole["log/policy"].decode()
    stranger = str(signer(ORIGIN, seed=9).key)
    other = policy.replace(policy.split()[1], stranger)
    assert refused(zipped(whole), other) == "log_key"


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("quorum w", ""),
        ("quorum none", ""),
        ("group both all w v\nquorum both", "quorum"),
        ("group some 1 w v\nquorum some", ""),
        ("group some any v w\nquorum some", ""),
        ("group some 2 v w\ngroup outer any some w\nquorum outer", ""),
        ("quorum v", "quorum"),
        ("", "policy"),
        ("quorum x", "policy"),
        ("group g 3 w v\nquorum g", "policy"),
        ("group g 0 w v\nquorum g", "policy"),
        ("quorum w\nquorum v", "policy"),
        ("hello\nquorum w", "policy"),
        ("group g x w\nquorum g", "malformed"),
    ],
)
def test_as_many_witnesses_as_the_policy_asks_for(whole: Members, rules: str, code: str) -> None:
    other = signer("witness.h01.example", Use.COSIGNATURE, seed=6).key
    keys = whole["log/policy"].decode().rpartition("quorum")[0]
    found = check.verify(zipped(whole), f"{keys}witness v {other}\n{rules}\n")
    assert found.get("code", "") == code, found


def test_wrong_signatures_are_refused(whole: Members) -> None:
    note = whole["log/2026/checkpoint"]
    size = note.split(b"\n")[1]
    for place, code in ((note.index(size), "signature"), (len(note) - 8, "signature")):
        changed = bytearray(note)
        changed[place] ^= 1
        proofs = {
            name: body.replace(note, bytes(changed))
            for name, body in whole.items()
            if name.endswith(".tlog-proof")
        }
        assert refused(forged(whole, **{"log/2026/checkpoint": bytes(changed), **proofs})) == code


# Events.


def test_a_changed_payload_is_refused(whole: Members) -> None:
    body = whole[f"{ISSUED}.payload.json"].replace(b'"number":5', b'"number":6')
    assert refused(forged(whole, **{f"{ISSUED}.payload.json": body})) == "payload"


@pytest.mark.parametrize("column", ["agency", "handler", "occurred_at", "type", "version", "trace"])
def test_a_changed_column_is_refused(whole: Members, column: str) -> None:
    entry = json.loads(whole[f"{ISSUED}.entry.json"])
    body = json.dumps({**entry, column: "1"}, separators=(",", ":")).encode()
    assert refused(forged(whole, **{f"{ISSUED}.entry.json": body})) == "proof"


def test_an_entry_in_another_form_is_refused(whole: Members) -> None:
    body = whole[f"{ISSUED}.entry.json"]
    assert refused(forged(whole, **{f"{ISSUED}.entry.json": body + b" "})) == "malformed"
    twice = body.replace(b'{"agency"', b'{"agency":"x","agency"')
    assert refused(forged(whole, **{f"{ISSUED}.entry.json": twice})) == "malformed"


def test_a_changed_proof_is_refused(whole: Members) -> None:
    proof = whole[f"{ISSUED}.tlog-proof"]
    for body, code in (
        (proof.replace(b"index 12", b"index 13"), "proof"),
        (proof.replace(b"index 12", b"index 99"), "malformed"),
        (proof.replace(b"index 12\n", b"index 12\n" + proof.split(b"\n")[2] + b"\n"), "malformed"),
        (proof + b"\n", "proof"),
        (proof.replace(b"@v1", b"@v2"), "proof"),
        (whole[f"{RENDERED}.tlog-proof"], "proof"),
    ):
        assert refused(forged(whole, **{f"{ISSUED}.tlog-proof": body})) == code


def without(whole: Members, stem: str) -> dict[str, bytes | None]:
    return {f"{stem}.{part}": None for part in ("entry.json", "payload.json", "tlog-proof")}


def retold(left_out: tuple[int, ...] = (6,), rows: Store | None = None) -> bytes:
    """The bundle that a maker makes who leaves events out, and tells the rest rightly."""
    return zipped(matter(rows, left_out).members())


@pytest.mark.parametrize("number", [3, 4, 5, 8])
def test_an_event_that_was_left_out_is_missed(number: int) -> None:
    assert refused(retold((6, number))) in ("gap", "unnamed")


def test_what_comes_after_the_last_event_told_is_known_by_the_log_alone() -> None:
    """The files that it named are without a name; else the log's copy tells (`--log`)."""
    left_out = {bundles.digest(body) for body in (bundles.REPORT, bundles.ANSWER)}
    files = {name: body for name, body in matter().files.items() if name not in left_out}
    assert check.verify(zipped(matter(left_out=(6, 10), files=files).members()))["verified"]


def test_an_event_that_is_there_twice_is_refused(whole: Members) -> None:
    copy = {
        f"events/000099.{part}": whole[f"{ISSUED}.{part}"]
        for part in ("entry.json", "payload.json", "tlog-proof")
    }
    assert refused(forged(whole, **copy)) == "order"


def test_events_stand_in_the_logs_order(whole: Members) -> None:
    parts = ("entry.json", "payload.json", "tlog-proof")
    swapped = {f"{DRAFTED}.{part}": whole[f"{RETURNED}.{part}"] for part in parts}
    swapped |= {f"{RETURNED}.{part}": whole[f"{DRAFTED}.{part}"] for part in parts}
    assert refused(forged(whole, **swapped)) in ("gap", "order")


def test_an_event_of_another_trace_is_refused() -> None:
    assert refused(retold(left_out=())) == "stranger"


def test_a_chain_that_does_not_hold_is_refused() -> None:
    """Also when the log itself has sealed it."""
    rows = store()
    rows.rows[3] = rows.rows[3]._replace(leaf=bytes(32))
    broken = Store(rows.rows[:4], rows.entries[:4])
    for row in rows.rows[4:]:
        trace, payload = UUID(row.trace), json.loads(row.payload)
        broken.add(row.type, row.stream, payload, trace, handler=row.handler)
    assert refused(retold(rows=broken)) == "chain"


# Files.


def test_a_file_that_is_not_there_has_to_be_explained(whole: Members) -> None:
    name = f"files/{bundles.digest(bundles.PDF)}.pdf"
    about = {**json.loads(whole["bundle.json"]), "files": 4}
    assert (
        refused(forged(whole, **{name: None, "bundle.json": json.dumps(about).encode()})) == "file"
    )
    about["missing"] = {**about["missing"], bundles.digest(bundles.PDF): "because"}
    body = json.dumps(about).encode()
    assert refused(forged(whole, **{name: None, "bundle.json": body})) == "unnamed"


def test_a_file_with_other_content_is_refused(whole: Members) -> None:
    name = f"files/{bundles.digest(bundles.PDF)}.pdf"
    assert refused(forged(whole, **{name: b"%PDF-1.7 another"})) == "file"


def test_what_a_report_rests_on_has_to_be_there_or_explained(whole: Members) -> None:
    answer = bundles.digest(bundles.ANSWER)
    assert f"files/{answer}.der" in whole
    files = {name: body for name, body in matter().files.items() if name != answer}
    assert refused(zipped(matter(files=files).members())) == "file"
    missing = {**matter().missing, answer: "erased"}
    assert check.verify(zipped(matter(files=files, missing=missing).members()))["verified"]


def test_a_report_that_is_none_is_an_answer_and_no_crash() -> None:
    for body in (b"{", b"[]", b'{"material":[1]}', b'{"material":[{"sha256":5}]}'):
        rows = store()
        fields = {"document_id": bundles.DOCUMENT, "report": bundles.digest(body)}
        rows.add("FileValidated", "validation-v", fields)
        files = {**matter().files, bundles.digest(body): body}
        assert refused(zipped(matter(rows, files=files).members())) in ("malformed", "file")


def test_what_no_event_names_is_refused() -> None:
    files = {**matter().files, bundles.digest(b"x"): b"x"}
    assert refused(zipped(matter(files=files).members())) == "unnamed"
    assert (
        refused(zipped(matter(missing={**matter().missing, "0" * 64: "erased"}).members()))
        == "unnamed"
    )


def test_a_certificate_is_known_by_its_fingerprint() -> None:
    certificate = service_key(bundles.TRACE).certificate
    pem = certificate.public_bytes(Encoding.PEM)
    rows = store()
    fields = {"file": bundles.digest(pem), "fingerprint": certificate.fingerprint(SHA256()).hex()}
    rows.add("CertificateRegistered", f"certificate-{bundles.PERSON}", fields, bundles.OTHER)
    files = {**matter().files, bundles.digest(pem): pem}
    assert check.verify(zipped(matter(rows, files=files).members()))["verified"]


# The timeline.


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", "2026-11-22T01:09:00.000002Z"),
        ("handler", "Trần Thị Cam"),
        ("handler_id", "person:x"),
        ("action", "Phê duyệt để ký"),
        ("action_en", "approved for signature"),
        ("status_code", "06"),
        ("event_type", "DocumentApproved"),
        ("agency_id", "x"),
        ("agency_name", "Sở Tài chính"),
        ("agency_code", "H43"),
        ("position", "GIÁM ĐỐC"),
        ("document_code", "06/BC-SNV"),
        ("counterpart", "Sở Tài chính"),
    ],
)
def test_a_line_that_an_event_does_not_bear_out_is_refused(field: str, value: str) -> None:
    lines = [dict(line) for line in matter().lines]
    lines[2][field] = value
    assert refused(zipped(matter(lines=lines).members())) == "timeline"


@pytest.mark.parametrize("role", ["leader", "copier"])
def test_whose_key_signed_is_who_did_it_whoever_ordered_it(whole: Members, role: str) -> None:
    """As the auditor's lines have it."""
    rows, signer = store(), str(UUID(int=99))
    rows.add("SignatureMade", f"signing-{signer}", {"role": role, "owner_id": signer})
    one = check.event("1", rows.entries[-1], rows.rows[-1].payload)
    told = check.told(one, json.loads(whole["texts/rules.json"]))
    assert told is not None
    assert told["handler_id"] == f"person:{signer}"


@pytest.mark.parametrize("change", [lambda lines: lines[1:], lambda lines: [*lines, lines[0]]])
def test_no_line_is_left_out_or_told_twice(change: Callable[[list[object]], list[object]]) -> None:
    lines = change(list(matter().lines))
    assert refused(zipped(matter(lines=lines).members())) == "timeline"


def test_the_page_shows_the_lines_and_nothing_else(whole: Members) -> None:
    page = whole["timeline.html"]
    assert "kiểm tra &lt;gói&gt; chứng cứ".encode() in page
    assert (
        refused(forged(whole, **{"timeline.html": page.replace("Bưởi".encode(), b"Cam")}))
        == "timeline"
    )
    assert refused(forged(whole, **{"timeline.html": page + b"<p>"})) == "timeline"
    assert refused(zipped(matter(subject="Về việc khác").members())) == "timeline"


# Garbage.


@pytest.mark.parametrize(
    "name",
    ["bundle.json", "timeline.json", f"{ISSUED}.entry.json", f"{ISSUED}.tlog-proof", "log/policy",
     "log/2026/checkpoint", "timeline.html"],
)  # fmt: skip
@pytest.mark.parametrize("body", [b"", b"\xff", b"null", b"[" * 100_000, b"{}", b"\n\n"])
def test_garbage_is_an_answer_and_no_crash(whole: Members, name: str, body: bytes) -> None:
    refused(forged(whole, **{name: body}))


def test_an_event_without_all_its_parts_is_refused(whole: Members) -> None:
    for part in ("entry.json", "payload.json", "tlog-proof"):
        assert refused(forged(whole, **{f"{ISSUED}.{part}": None})) == "malformed"
