import pytest

from transactions.rules.filing_status import MOVES, FilingStatus, may_move

DRAFT, SUBMITTED = FilingStatus.DRAFT, FilingStatus.SUBMITTED
RETURNED, CERTIFIED = FilingStatus.RETURNED, FilingStatus.CERTIFIED


@pytest.mark.parametrize(
    ("old", "new"),
    [(DRAFT, SUBMITTED), (SUBMITTED, RETURNED), (SUBMITTED, CERTIFIED), (RETURNED, SUBMITTED)],
)
def test_filing_moves_forward_or_back_to_the_filer(old, new):
    assert may_move(old, new)


def test_no_other_move_is_allowed():
    assert sum(may_move(old, new) for old in FilingStatus for new in FilingStatus) == 4


def test_certified_filing_stays_certified():
    assert not any(may_move(CERTIFIED, new) for new in FilingStatus)


def test_draft_is_not_certified_without_being_submitted():
    assert not may_move(DRAFT, CERTIFIED)


def test_only_drafts_and_returned_filings_are_edited():
    assert [status for status in FilingStatus if status.may_be_edited] == [DRAFT, RETURNED]


def test_every_state_has_its_moves_and_words():
    assert set(MOVES) == set(FilingStatus)
    assert all(status.label for status in FilingStatus)
    assert [status for status in FilingStatus if not status.next_step] == [CERTIFIED]
