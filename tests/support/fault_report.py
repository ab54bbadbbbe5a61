"""One fault's row in the report, as its test fills it."""

from typing import Any

from tools.faults.report import Row


class Fault:
    """How often the fault strikes, and what the report says of it."""

    def __init__(self, long: bool) -> None:
        self.long = long
        self._runs = 1
        self._held = True
        self.note = ""
        """Figures of the plan, none that another run would measure differently."""
        self.rule = ""
        """The rule, where the test's docstring does not tell it."""

    def choose(self, short: int, long: int) -> int:
        """A size of the test: `long` in `make faults`, else `short`."""
        return long if self.long else short

    def rounds(self, short: int, long: int) -> range:
        """The rounds of the test; their number stands in the report."""
        self._runs = self.choose(short, long)
        return range(self._runs)

    def judge(self, report: Any) -> None:
        """Take in how one phase of the test ended. A fault that could not strike did not hold."""
        if report.skipped:
            self._runs, self.note = 0, f"not run here: {report.longrepr[2]}"
        self._held = self._held and report.passed

    def row(self, test: str, docstring: str) -> Row:
        """The row: the test's name in words, and the rule that its docstring begins with."""
        return {
            "name": test.removeprefix("test_").replace("_", " "),
            "invariant": self.rule or " ".join(docstring.strip().partition("\n\n")[0].split()),
            "runs": self._runs,
            "held": self._held,
            "note": self.note,
        }
