"""What a page's passkey button asks for."""

from allauth.mfa.webauthn.internal import auth as passkeys
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from connecticard.permissions import signed_in


@require_POST
@never_cache
def passkey_challenge(request: HttpRequest) -> JsonResponse:
    """Begin a passkey's challenge for the person signed in; the answer belongs to this session."""
    return JsonResponse(passkeys.begin_authentication(signed_in(request)))
