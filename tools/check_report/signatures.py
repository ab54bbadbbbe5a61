"""The signatures of the PDFs, by poppler's `pdfsig`, against the report and the event table."""

import hashlib
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from tools.check_report.evidence import Evidence
from tools.check_report.outcome import Outcome, difference

_FIELDS = {
    "role": re.compile(r"Signature Field Name: (.*)"),
    "signer": re.compile(r"Signer Certificate Common Name: (.*)"),
    "validation": re.compile(r"Signature Validation: (.*)"),
}


class PdfsigMissing(Exception):
    """poppler-utils is not installed."""


def pdfs(rows: list[dict[str, Any]], folder: Path, evidence: Evidence) -> Outcome:
    """Every signature in every PDF stands in the report, and is sound exactly where it says so.

    The PDFs are those that the report names and those whose bytes an event of its traces names;
    every issued document must be among them. Files of other runs may lie beside them.
    """
    issued = {event["file"] for event in evidence.of_type("DocumentIssued")}
    arrived = evidence.of_type("PacketArrived")
    digests = issued | {file["digest"] for event in arrived for file in event["files"]}
    named = {row["file"] for row in rows}
    found: Counter[tuple[str, ...]] = Counter()
    strange: list[str] = []
    for file in sorted(folder.glob("*.pdf")):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        issued.discard(digest)
        if digest not in digests and file.name not in named:
            continue
        if digest not in digests:
            strange.append(f"no event names the bytes of {file.name}")
        for signature in signatures_in(file):
            sound = signature["validation"] == "Signature is Valid."
            found[(file.name, signature["role"], signature["signer"], _word(sound))] += 1
    strange += [f"no PDF has the bytes of the issued document {digest}" for digest in issued]
    # "indeterminate" says nothing against the bytes: the certificate's standing is unclear.
    reported = Counter(
        (row["file"], row["role"], row["signer"], _word(row["verdict"] != "TOTAL_FAILED"))
        for row in rows
    )
    differences = difference(reported, found)
    return Outcome("signatures / pdfsig", found.total(), [*differences, *strange])


def made(evidence: Evidence) -> Outcome:
    """Each issued document has its three signatures, first made in this order."""
    issued = evidence.of_type("DocumentIssued")
    differences = []
    for event in issued:
        roles = [
            signature["role"]
            for signature in evidence.of_type("SignatureMade")
            if signature["document_id"] == event["document_id"]
        ]
        if list(dict.fromkeys(roles)) != ["leader", "number", "seal"]:
            differences.append(f"document {event['document_id']} has the signatures {roles}")
    return Outcome("issued documents / signatures made", len(issued), differences)


def signatures_in(file: Path) -> list[dict[str, str]]:
    """What pdfsig says of each signature: role (field name), signer, validation."""
    program = shutil.which("pdfsig")
    if program is None:
        raise PdfsigMissing("pdfsig is needed: apt-get install poppler-utils")
    # Trust in certificates is judged by the verdict; here it is the bytes that count.
    ran = subprocess.run(
        [program, "-nocert", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    blocks = re.split(r"^Signature #\d+:$", ran.stdout, flags=re.MULTILINE)[1:]
    return [
        {
            name: match[1].strip() if (match := pattern.search(block)) else ""
            for name, pattern in _FIELDS.items()
        }
        for block in blocks
    ]


def _word(sound: bool) -> str:
    return "sound" if sound else "broken"
