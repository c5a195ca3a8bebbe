"""Documents made by the worker."""

from celery import shared_task

from reports import making


@shared_task
def make_documents(lines: list[int]) -> None:
    """Make the documents of these lines of a batch; a line that is made stays as it is."""
    making.make_lines(lines)
