"""The first start: the system company, and an administrator."""

from __future__ import annotations

import logging

from faceVer.domain.accounts import SYSTEM_COMPANY, Company, Role
from faceVer.domain.errors import ConflictError, RequestError, SettingsError
from faceVer.services.accounts.users import NewUser, UserService
from faceVer.settings.field import PREFIX
from faceVer.settings.model import Settings
from faceVer.storage import audit, companies, users

log = logging.getLogger(__name__)


def first_start(service: UserService, settings: Settings) -> None:
    """Make the system company, and the administrator of the settings, where they are missing. Raises SettingsError."""
    ensure_system_company(service)
    accounts = settings.accounts
    with service.database.read() as connection:
        has_admin = users.count(connection, Role.ADMIN) > 0
        known = users.with_password(connection, email=accounts.admin_email) if accounts.admin_email else None
    if has_admin or known:
        return
    if not accounts.admin_email:
        log.warning(
            "there is no administrator: set %sADMIN_EMAIL and %sADMIN_PASSWORD, or run `facever users add-admin`",
            PREFIX,
            PREFIX,
        )
        return
    try:
        service.create(None, NewUser(accounts.admin_email, accounts.admin_password, Role.ADMIN, "", ""))
    except ConflictError:  # another process has been faster
        return
    except RequestError as error:
        raise SettingsError(f"{PREFIX}ADMIN_EMAIL, {PREFIX}ADMIN_PASSWORD: {error}") from None
    log.info("made the administrator of %sADMIN_EMAIL", PREFIX)


def ensure_system_company(service: UserService) -> None:
    """Make the system company, unless there is one."""
    with service.database.read() as connection:
        if companies.by_name(connection, SYSTEM_COMPANY):
            return
    try:
        with service.database.write() as unit:
            company = Company(service.new_id(), SYSTEM_COMPANY)
            companies.insert(unit, company, service.clock())
            audit.record(unit, service.clock(), None, "company.create", "company", company.company_id)
    except ConflictError:  # another process has been faster
        return
