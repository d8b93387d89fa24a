"""Accounts, sessions and companies in the OpenAPI document."""

from __future__ import annotations

from faceVer.domain.errors import CredentialInvalidError, NotFoundError
from faceVer.http.oz.described import account_documents as doc
from faceVer.http.oz.described.description import (
    CONFLICT,
    CREATED,
    NOT_REALIZED,
    RULE,
    THROTTLED,
    TOKEN,
    Description,
    Descriptions,
)
from faceVer.http.oz.kept import authorize, companies, retention, users
from faceVer.http.oz.kept.authorize import SERVICE
from faceVer.http.oz.kept.companies import COMPANY
from faceVer.http.oz.kept.users import USER
from faceVer.http.oz.lists import flags, parameters
from faceVer.http.pipeline.endpoint import QueryParameter
from faceVer.services.folders.wire_types import MetaData

_WHOSE = QueryParameter("user_id", "Whose sessions; by default one's own.", {"type": "string", "format": "uuid"})
ACCOUNTS: Descriptions = {
    "/api/authorize/auth/": {
        "POST": Description(doc.SignedInDocument, authorize.SignIn, errors=(CredentialInvalidError, THROTTLED))
    },
    "/api/authorize/refresh/": {"POST": Description(doc.SignedInDocument, authorize.Refresh, errors=TOKEN[:2])},
    "/api/authorize/": {"DELETE": Description(is_own=True)},
    SERVICE: dict.fromkeys(("GET", "POST"), Description(doc.TokenDocument)),
    f"{SERVICE}{{user_id}}/": dict.fromkeys(("GET", "POST"), Description(doc.TokenDocument)),
    "/api/authorize/auth_restore/": {"POST": Description((), MetaData, errors=(NOT_REALIZED,))},
    "/api/authorize/session_token/": {"GET": Description((), errors=(NOT_REALIZED,))},
    "/api/sessions/": {
        "GET": Description(doc.SessionPage, query=(_WHOSE, *parameters(authorize.SESSIONS)), errors=(NotFoundError,))
    },
    "/api/sessions/{token_id}/": {"DELETE": Description()},
    "/api/users/": {
        "GET": Description(
            doc.UserPage,
            query=(
                *parameters(users.LIST, search="email, first or last name"),
                *flags(with_company="Add the company to each account."),
            ),
        ),
        "POST": Description(doc.UserDocument, users.Creation, errors=(CONFLICT, RULE), status=CREATED),
    },
    USER: {
        "GET": Description(doc.UserDocument, query=flags(with_company="Add the company.")),
        "PATCH": Description(doc.UserDocument, users.Patch, errors=(CONFLICT, RULE)),
        "DELETE": Description(errors=(RULE,)),
    },
    f"{USER}change-password/": {
        "POST": Description(doc.UserDocument, users.PasswordChange, errors=(THROTTLED,)),
    },
    "/api/companies/": {
        "GET": Description(doc.CompanyPage, query=parameters(companies.LIST, search="the name")),
        "POST": Description(doc.CompanyDocument, companies.CompanyFields, errors=(CONFLICT,), status=CREATED),
    },
    COMPANY: {
        "GET": Description(doc.CompanyDocument),
        "PATCH": Description(doc.CompanyDocument, companies.CompanyFields, errors=(CONFLICT, RULE)),
        "DELETE": Description(query=flags(confirm="Needed to delete the own company."), errors=(RULE,)),
    },
    retention.RETENTION: {
        "GET": Description(doc.RetentionDocument),
        "PATCH": Description(doc.RetentionDocument, retention.RetentionPatch, errors=(RULE,)),
    },
}
