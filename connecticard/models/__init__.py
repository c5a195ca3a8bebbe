from connecticard.models.api_token import ApiToken
from connecticard.models.audit_event import AuditEvent
from connecticard.models.help import (
    HELP_LANGUAGES,
    DirectoryEntry,
    GlossaryTerm,
    HelpAudience,
    HelpPage,
    HelpPageVersion,
    HelpSection,
)
from connecticard.models.invitation import Invitation
from connecticard.models.kept_answer import KeptAnswer
from connecticard.models.message import Message, MessageItem, MessageKind, MessageState
from connecticard.models.published_change import PublishedChange
from connecticard.models.role_assignment import Role, RoleAssignment
from connecticard.models.second_factor_reset import SecondFactorReset
from connecticard.models.user import User
from connecticard.models.webhook import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEvent,
    WebhookState,
    WebhookSubscription,
    WebhookType,
)

__all__ = [
    "HELP_LANGUAGES",
    "ApiToken",
    "AuditEvent",
    "DirectoryEntry",
    "GlossaryTerm",
    "HelpAudience",
    "HelpPage",
    "HelpPageVersion",
    "HelpSection",
    "Invitation",
    "KeptAnswer",
    "Message",
    "MessageItem",
    "MessageKind",
    "MessageState",
    "PublishedChange",
    "Role",
    "RoleAssignment",
    "SecondFactorReset",
    "User",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookState",
    "WebhookSubscription",
    "WebhookType",
]
