"""Asking a system for what the harvest specification says that it offers."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar
from urllib.parse import urlencode

from connecticard import outbound
from connecticard.outbound import Limits, OutboundFailed
from transactions.harvest import reading
from transactions.harvest.reading import NotAsSpecified
from transactions.harvest.specification import Members, Month, Said, Service, Status

LIMITS = Limits(seconds=60, body=5_000_000, redirects=3)
_NOT_ACCEPTED = frozenset({401, 403})

Read = TypeVar("Read")


class HarvestFailed(Exception):
    """A question without an answer to use; the text says why, `may_pass` whether a later try may help.

    `is_gone` where nobody answers at all, so that there is no use in further questions now.
    """

    def __init__(self, words: str, *, may_pass: bool, is_gone: bool = False):
        self.may_pass, self.is_gone = may_pass, is_gone
        super().__init__(words)


class Client:
    """Asks one source; every answer is whole and as specified, or HarvestFailed is raised."""

    def __init__(self, address: str, credential: str = "", limits: Limits = LIMITS):
        self._address = address.rstrip("/")
        self._credential = credential
        self._limits = limits

    def status(self) -> Status:
        """Return whether the system can be asked; HarvestFailed where it says that it cannot."""
        status = self._get("status", reading.read_status)
        if status.service is Service.UNAVAILABLE or status.exceptions:
            said = "; ".join(map(str, status.exceptions)) or "It says that it is not available."
            raise HarvestFailed(said, may_pass=True, is_gone=True)
        return status

    def members(self) -> Members:
        """Return for which libraries the system offers counts."""
        members = self._get("members", reading.read_members)
        _refuse_exceptions(members.exceptions)
        return members

    def counts(self, month: date) -> Month:
        """Return the counts of all members for a month, named by its first day."""
        asked = urlencode({"month": f"{month:%Y-%m}"})
        answer = self._get(f"counts?{asked}", lambda body: reading.read_counts(body, month))
        _refuse_exceptions(answer.exceptions)
        return answer

    def _get(self, what: str, read: Callable[[bytes], Read]) -> Read:
        bearer = {"Authorization": f"Bearer {self._credential}"} if self._credential else {}
        try:
            answer = outbound.request(
                "GET",
                f"{self._address}/{what}",
                headers={"Accept": "application/json"},
                secret_headers=bearer,
                accepts=("application/json",),
                limits=self._limits,
            )
        except OutboundFailed as failed:
            gone = failed.reason in (
                outbound.Reason.UNREACHABLE,
                outbound.Reason.TIME,
                outbound.Reason.ADDRESS,
            )
            raise HarvestFailed(str(failed), may_pass=failed.may_pass, is_gone=gone) from failed
        if answer.status in _NOT_ACCEPTED:
            raise HarvestFailed(
                f"The credential is not accepted (status {answer.status}). Enter a new one.",
                may_pass=False,
                is_gone=True,
            )
        try:
            if answer.status == 200:
                return read(answer.body)
            said = reading.read_refusal(answer.body) if answer.body else ()
        except NotAsSpecified as problem:
            if answer.status == 200:
                raise HarvestFailed(str(problem), may_pass=True) from problem
            said = ()
        _refuse_exceptions(said)
        raise HarvestFailed(
            f"The server answered with the status {answer.status} and no word why.",
            may_pass=answer.status == 429 or answer.status >= 500,
        )


def _refuse_exceptions(said: tuple[Said, ...]) -> None:
    """Raise HarvestFailed where exceptions speak of the whole answer."""
    if said:
        raise HarvestFailed("; ".join(map(str, said)), may_pass=any(each.code.may_pass for each in said))
