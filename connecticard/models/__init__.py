from connecticard.models.audit_event import AuditEvent
from connecticard.models.role_assignment import Role, RoleAssignment
from connecticard.models.user import User

__all__ = ["AuditEvent", "Role", "RoleAssignment", "User"]
