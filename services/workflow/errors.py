"""What the workflow service refuses."""

from collections.abc import Mapping
from typing import Any


class WorkflowError(Exception):
    """Base of all refusals of this service."""

    code = "workflow_refused"
    status = 409
    vi = "Không thực hiện được."
    en = "This cannot be done."

    def __init__(self, **data: str) -> None:
        super().__init__(self.code)
        self._data = data

    def data(self) -> Mapping[str, Any]:
        """What a program needs to act on the refusal."""
        return self._data


class ProcessUnknown(WorkflowError):
    """There is no such process, or it is another agency's: the two look the same."""

    code = "not_found"
    status = 404
    vi = "Không tìm thấy."
    en = "There is nothing here."


class TaskUnknown(ProcessUnknown):
    """There is no such task, or it is another agency's: the two look the same."""


class ProcessIsFinished(WorkflowError):
    """Nothing more is done about a document whose handling is finished or was cancelled."""

    code = "process_finished"
    vi = "Việc xử lý văn bản đã kết thúc."
    en = "The handling of this document has ended."


class TaskIsFinished(WorkflowError):
    """A finished task stays finished."""

    code = "task_finished"
    vi = "Việc này đã hoàn thành."
    en = "This task is finished."


class NotTheAssignee(WorkflowError):
    """Only the assignee, in the position to which the task was given, starts and finishes it."""

    code = "not_the_assignee"
    status = 403
    vi = "Chỉ người được giao việc, với đúng chức vụ được giao, mới được thực hiện."
    en = "Only the assignee, in the assigned position, may do this."


class AssigneeUnfit(WorkflowError):
    """A task is given to somebody who holds the named position in the agency."""

    code = "assignee_unfit"
    status = 422
    vi = "Người được giao việc không giữ chức vụ này trong cơ quan."
    en = "The assignee does not hold this position in the agency."


class DueInPast(WorkflowError):
    """A task cannot be due before the day on which it is assigned."""

    code = "due_in_past"
    status = 422
    vi = "Hạn xử lý không được trước ngày giao việc."
    en = "A task cannot be due before the day on which it is assigned."
