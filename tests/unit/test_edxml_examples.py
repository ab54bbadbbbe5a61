"""One packet of each kind: as a value here, as bytes in tests/vectors/edxml."""

import hashlib
import os
from datetime import date, datetime
from pathlib import Path

import pytest

from libs.blobs import BlobStore, open_store
from libs.edxml import (
    Agency,
    Attachment,
    Business,
    BusinessDocumentInfo,
    Code,
    DocumentHeader,
    DocumentPacket,
    DocumentType,
    Element,
    Extension,
    OtherInfo,
    PromulgationInfo,
    Receiver,
    ReplacementInfo,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusHeader,
    StatusPacket,
    Trace,
    TraceHeader,
    parse,
    serialize,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "edxml"
# Real packets hold real people's names: they stay outside the repository, beside it if anywhere.
BESIDE = Path(__file__).parents[3] / "shared" / "samples" / "edxml"
SAMPLES = Path(os.environ.get("EDXML_SAMPLES", BESIDE))


def moment(text: str) -> datetime:
    """Return a time as the packets have it: Viet Nam's, without zone."""
    return datetime.fromisoformat(text)


PDF = b"%PDF-1.7\nQuyet dinh\n" + bytes(range(256)) + b"%%EOF\n"
TABLE = "Xã,Số hộ\nThanh Sơn,1204\n".encode()

PROVINCE = Agency(
    organ_id="H25",
    organization_in_charge="Chính phủ",
    organ_name="UBND tỉnh Hà Nam",
    organ_add="90 Trần Phú, Phủ Lý",
    email="vanthu@hanam.example",
    telephone="0226 000 0001",
    fax="0226 000 0002",
    website="hanam.example",
)
DEPARTMENT = Agency(organ_id="H25.15", organ_name="Sở Thông tin & Truyền thông")
COMMUNE = Agency(organ_id="000.12.31.H25", organ_name="UBND xã Thanh Sơn")
DOCUMENT_ID = "H25,2018/07/02,1204/QĐ-UBND"
CLERK = StaffInfo(
    department="Phòng Văn thư",
    staff="Nguyễn Thị Văn",
    email="van@hanam.example",
    mobile="0900000001",
)
NEW = Business(doc_type="0", doc_reason="Văn bản điện tử mới", paper="0", staff=(CLERK,))
PASSED = TraceHeader(organ_id="H25", timestamp=moment("2018-07-02 16:05:09"))


def attachment(content_id: str, name: str, kind: str, content: bytes) -> Attachment:
    return Attachment(
        content_id=content_id,
        name=name,
        content_type=kind,
        description=f"Tệp {content_id}",
        digest=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )


NEW_DOCUMENT = DocumentPacket(
    header=DocumentHeader(
        sender=PROVINCE,
        recipients=(DEPARTMENT, COMMUNE),
        document_id=DOCUMENT_ID,
        code=Code(number="1204", notation="QĐ-UBND"),
        promulgation=PromulgationInfo(place="Hà Nam", promulgation_date=date(2018, 7, 2)),
        document_type=DocumentType(type="3", detail="0", name="Quyết định"),
        subject='Về "một cửa" <liên thông> & kết nối',
        content="Trích yếu\nhai dòng",
        signer=SignerInfo(competence="TM.", position="Chủ tịch", full_name="Trần Văn Ký"),
        due_date=date(2018, 7, 31),
        other_info=OtherInfo(
            priority="2",
            sphere_of_promulgation="Lưu hành nội bộ",
            typer_notation="NTV",
            promulgation_amount="2",
            page_amount="12",
            direction="false",
            appendixes=("Phụ lục I", "Phụ lục II"),
            reply_fors="x",
            reference_codes="y",
        ),
        responses=(
            ResponseFor(
                organ_id="G22",
                code="7816/VPCP-TTĐT",
                promulgation_date=date(2015, 9, 30),
                document_id="000.00.00.G22,2015/09/30,7816/VPCP-TTĐT",
            ),
        ),
        steering_type="2",
        to_places=("Như trên", "Lưu: VT"),
        task_codes=("NV-17", "NV-18"),
        application_type="1",
        extensions=(Element("Màu", text="đỏ"),),
    ),
    trace=Trace(
        attributes=(("id", "t1"), ("version", "1.0"), ("mustUnderstand", "1")),
        headers=(PASSED,),
        business=NEW,
    ),
    signatures=(
        Element(
            "Signature",
            children=(
                Element(
                    "SignedInfo",
                    children=(Element("SignatureMethod", attributes=(("Algorithm", "urn:x"),)),),
                ),
                Element("SignatureValue", text="AAAA"),
            ),
        ),
        Element("DigitalSignature"),
    ),
    attachments=(
        attachment("1", "1204-QD-UBND.pdf", "application/pdf", PDF),
        attachment("2", "so-ho.csv", "text/csv", TABLE),
    ),
    extensions=(
        Extension(
            inside="edXMLHeader",
            element=Element(
                "Mark",
                "urn:example:mark",
                attributes=(("{urn:example:a}kind", "k"), ("plain", "p")),
                children=(Element("Inner", "urn:example:mark", text="1"), Element("Own")),
            ),
        ),
    ),
)


def changed(business: Business) -> DocumentPacket:
    header = DocumentHeader(
        sender=PROVINCE,
        recipients=(COMMUNE,),
        document_id=DOCUMENT_ID,
        code=Code(number="1204", notation="QĐ-UBND"),
        subject="Về một cửa liên thông",
    )
    return DocumentPacket(header=header, trace=Trace(headers=(PASSED,), business=business))


RECALL = changed(
    Business(document_id=DOCUMENT_ID, doc_type="1", doc_reason="Sai thẩm quyền", staff=(CLERK,))
)
UPDATE = changed(
    Business(
        document_id=DOCUMENT_ID,
        doc_type="2",
        doc_reason="Thêm nơi nhận",
        document_info=BusinessDocumentInfo(
            document_info="0",
            document_receiver="1",
            receivers=(
                Receiver(organ_id="H25.15", receiver_type="0"),
                Receiver(organ_id="000.12.31.H25", receiver_type="1"),
            ),
        ),
        staff=(CLERK, StaffInfo(department_id="7", staff_id="12")),
    )
)
REPLACEMENT = changed(
    Business(
        doc_type="3",
        doc_reason="Thay thế",
        replacements=(
            ReplacementInfo(document_id="a", organ_ids=("H25.15", "000.12.31.H25")),
            ReplacementInfo(document_id="b", organ_ids=("H25.15",)),
        ),
    )
)

STATUS_NAMES = {
    "01": "Đã đến",
    "02": "Từ chối tiếp nhận: gửi nhầm nơi nhận",
    "03": "Đã tiếp nhận, vào sổ",
    "04": "Phân công",
    "05": "Đang xử lý",
    "06": "Hoàn thành",
    "13": "Lấy lại: sai phụ lục",
    "15": "Đồng ý",
    "16": "Từ chối: đã ban hành văn bản thực hiện",
}


def status(code: str) -> StatusPacket:
    taken_back = code == "13"
    return StatusPacket(
        header=StatusHeader(
            sender=PROVINCE if taken_back else COMMUNE,
            response_for=ResponseFor(
                organ_id=COMMUNE.organ_id if taken_back else PROVINCE.organ_id,
                code="1204/QĐ-UBND",
                promulgation_date=date(2018, 7, 2),
                document_id=DOCUMENT_ID,
            ),
            staff=StaffInfo() if code == "01" else CLERK,
            status_code=code,
            description=STATUS_NAMES[code],
            timestamp=moment(f"2018-07-03 08:00:{code}"),
        )
    )


EXAMPLES: dict[str, DocumentPacket | StatusPacket] = {
    "document_new": NEW_DOCUMENT,
    "document_recall": RECALL,
    "document_update": UPDATE,
    "document_replacement": REPLACEMENT,
    **{f"status_{code}": status(code) for code in STATUS_NAMES},
}


def store_with_files(folder: Path) -> BlobStore:
    store = open_store(f"file://{folder}")
    store.put_bytes(PDF)
    store.put_bytes(TABLE)
    return store


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_golden_file_is_read_as_its_packet(name: str, tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    packet = parse((VECTORS / f"{name}.edxml").read_bytes(), store)
    assert packet == EXAMPLES[name]
    if name == "document_new":
        assert [store.read(each.digest) for each in packet.attachments] == [PDF, TABLE]


@pytest.mark.parametrize("name", EXAMPLES)
def test_reading_and_writing_a_golden_file_gives_its_bytes(name: str, tmp_path: Path) -> None:
    golden = (VECTORS / f"{name}.edxml").read_bytes()
    store = open_store(f"file://{tmp_path}")
    assert serialize(parse(golden, store), store) == golden


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no folder of real packets is there")
@pytest.mark.parametrize("name", ["document_new", "document_update", "status_03", "status_13"])
def test_a_packet_of_the_field_is_carried_whole(name: str, tmp_path: Path) -> None:
    sample = (SAMPLES / f"{name}.edxml").read_bytes()
    store = open_store(f"file://{tmp_path}")
    packet = parse(sample, store)
    written = serialize(packet, store)
    assert parse(written, store) == packet
    assert words(written) == words(sample)
    if name.startswith("document"):
        assert written.split() == sample.split()


def words(packet: bytes) -> list[bytes]:
    """The lines in no order: status samples order the parts of an agency otherwise."""
    return sorted(line.strip() for line in packet.splitlines() if line.strip())
