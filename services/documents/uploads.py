"""Files that people bring: from the request's body into the blob store, in constant memory."""

from libs.blobs import BlobStore
from libs.web.call import Upload
from services.documents.domain.attachments import LARGEST, OPENING, check_name, content_type
from services.documents.events import AttachedFile


def keep_file(upload: Upload, name: str, blobs: BlobStore) -> AttachedFile:
    """Store the whole upload durably; its type is told by its name and bytes, not by its sender.

    Raises `FileNameUnfit` before a byte is read, `FileUnlikeItsName` and the body's `Problem`s
    before anything is stored.
    """
    check_name(name)
    opening = upload.stream.read(OPENING)
    kind = content_type(name, opening)
    writer = blobs.writer(limit=LARGEST)
    try:
        writer.write(opening)
        for piece in upload.stream:
            writer.write(piece)
        blob = writer.commit()
    finally:
        writer.abort()
    return AttachedFile(name, kind, blob.digest, blob.size)
