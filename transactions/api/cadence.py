"""REST: how often a library files."""

from django.core.exceptions import PermissionDenied
from rest_framework.request import Request

from connecticard import clock, permissions
from connecticard.api_bodies import Json, JsonBody, an_object, one_of
from connecticard.api_views import etag_of
from connecticard.api_writing import Answer, Write, refuse_changed, writes
from connecticard.locks import share_payment_inputs
from connecticard.permissions import Action
from libraries.models import Library
from transactions import services
from transactions.api import reading
from transactions.api.holding import WritingFilings
from transactions.api.reading import cadence_row, library_seen
from transactions.api.records import CadenceRecord
from transactions.rules.filing_calendar import Cadence

CHOOSE = Write(
    operation="choose-cadence",
    summary="Choose how often a library files",
    body=JsonBody(
        an_object({"cadence": one_of(list(Cadence), "One of the choices.")}), {"cadence": "monthly"}
    ),
    answers=CadenceRecord,
    if_match=True,
    refusals={409: "It changes nothing, may not be chosen, or a filing that is begun would lose its period."},
)
WITHDRAW = Write(
    operation="withdraw-cadence-choice",
    summary="Withdraw a choice of cadence",
    answers=CadenceRecord,
    if_match=True,
    refusals={409: "No choice is to come, or a filing that is begun would lose its period."},
)


class CadenceViewSet(WritingFilings, reading.CadenceViewSet):
    __doc__ = reading.CadenceViewSet.__doc__

    @writes(CHOOSE)
    def replace(self, request: Request, body: Json, library: str) -> Answer:
        """Choose how often a library files, from the next 1 March or 1 September on, or from the first of
        them after the filings on record."""
        held = self._hold(library)
        services.choose_cadence(
            library=held, cadence=Cadence(body["cadence"]), by=self.person, on=clock.today()
        )
        return self._shown(held)

    @writes(WITHDRAW)
    def clear(self, request: Request, body: None, library: str) -> Answer:
        """Take back a choice that has not taken effect."""
        held = self._hold(library)
        services.withdraw_cadence_choice(library=held, by=self.person, on=clock.today())
        return self._shown(held)

    def _hold(self, key: str) -> Library:
        """Return the library of a key; nobody else changes its cadence until the transaction ends."""
        found = permissions.libraries_for(self.person, Action.CHOOSE_CADENCE).filter(key=key).first()
        if found is None:
            raise PermissionDenied(
                f"You may not {Action.CHOOSE_CADENCE.value} for {library_seen(self.request, key)}."
            )
        share_payment_inputs()
        held = Library.objects.select_for_update(no_key=True).get(pk=found.pk)
        refuse_changed(self.request, cadence_row(held))
        return held

    def _shown(self, held: Library) -> Answer:
        row = cadence_row(held)
        return Answer(row, etag_of(row))
