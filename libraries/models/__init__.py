from libraries.models.consortium import Consortium, ConsortiumMembership
from libraries.models.delivery_site import DeliveryCode, DeliverySite, SiteKind
from libraries.models.desk_details import LibraryContact, LibraryFines
from libraries.models.letter_of_agreement import LetterOfAgreement
from libraries.models.library import Library, LibraryName, LibrarySuccession
from libraries.models.residency import Residency
from libraries.models.town import Town

__all__ = [
    "Consortium",
    "ConsortiumMembership",
    "DeliveryCode",
    "DeliverySite",
    "LetterOfAgreement",
    "Library",
    "LibraryContact",
    "LibraryFines",
    "LibraryName",
    "LibrarySuccession",
    "Residency",
    "SiteKind",
    "Town",
]
