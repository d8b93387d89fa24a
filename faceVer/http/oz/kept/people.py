"""Users and companies as JSON, their fields in the contract's order."""

from __future__ import annotations

from typing import Any

from faceVer.domain.accounts import ANALYSIS_RIGHTS, Company, Role, User


def user_document(user: User, company: Company | None = None) -> dict[str, Any]:
    """The user object. company: added where it is given."""
    document: dict[str, Any] = {
        "user_id": user.user_id,
        "user_type": user.role.value,
        "company_id": user.company_id,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "middle_name": user.middle_name,
        "is_active": user.is_active,
        "is_admin": user.role in (Role.ADMIN, Role.CLIENT_ADMIN),
        "is_service": user.role is Role.CLIENT_SERVICE,
        **{f"can_start_analysis_{right}": right in user.rights for right in ANALYSIS_RIGHTS},
        "meta_data": dict(user.meta_data),
        "technical_meta_data": {},
    }
    return document if company is None else {**document, "company": company_document(company)}


def company_document(company: Company) -> dict[str, Any]:
    """The company object."""
    return {
        "company_id": company.company_id,
        "name": company.name,
        "in_deletion": company.in_deletion,
        "technical_meta_data": {},
    }
