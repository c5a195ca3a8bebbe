from libraries.models.consortium import Consortium, ConsortiumMembership
from libraries.models.letter_of_agreement import LetterOfAgreement
from libraries.models.library import Library, LibraryName, LibrarySuccession
from libraries.models.residency import Residency
from libraries.models.town import Town

__all__ = [
    "Consortium",
    "ConsortiumMembership",
    "LetterOfAgreement",
    "Library",
    "LibraryName",
    "LibrarySuccession",
    "Residency",
    "Town",
]
