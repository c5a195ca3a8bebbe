"""The three annual reports, gathered from the records. Source: Regs. Conn. State Agencies § 11-31c-3."""

from reports.statistics.participation import participating_libraries
from reports.statistics.spending import expenditure_summary
from reports.statistics.use import use_report

__all__ = ["expenditure_summary", "participating_libraries", "use_report"]
