"""Secrets that the program must be able to read again, encrypted where they are kept.

The key is made from SECRET_KEY; outside production that key does not outlive a process, so nothing is
encrypted there. A former SECRET_KEY still opens what it sealed (SECRET_KEY_FALLBACKS).
"""

import base64
import hashlib

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def seal(text: str, *, purpose: str) -> str:
    """Return a secret as it is kept; what is sealed for one purpose opens for no other."""
    return _box(purpose).encrypt(text.encode()).decode() if settings.PRODUCTION else text


def unseal(sealed: str, *, purpose: str) -> str:
    """Return a secret that was kept. Raises cryptography.fernet.InvalidToken where the key is another."""
    return _box(purpose).decrypt(sealed.encode()).decode() if settings.PRODUCTION else sealed


def _box(purpose: str) -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(
        Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"{purpose} {key}".encode()).digest())) for key in keys
    )
