"""Users: creating, reading, changing and deleting accounts, by the permission matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from faceVer.domain.accounts import SYSTEM_COMPANY, Company, Principal, Role, User
from faceVer.domain.clock import Clock, IdFactory
from faceVer.domain.errors import (
    CredentialInvalidError,
    FieldMissingError,
    ForbiddenError,
    NotFoundError,
    PayloadValueError,
    RuleError,
)
from faceVer.domain.listing import ListQuery, Page
from faceVer.domain.permissions import Resource, Scope, Verb, scope_of
from faceVer.services.access import Access
from faceVer.services.accounts.emails import check_email
from faceVer.services.accounts.failures import check_failures, email_origin
from faceVer.services.accounts.passwords import check_password_rule, hash_password, is_password
from faceVer.services.storable import check_storable
from faceVer.settings.model import Settings
from faceVer.storage import audit, companies, sessions, users
from faceVer.storage.database import Connection, Database

LONGEST_NAME = 200
"""Most characters of a first, last or middle name."""
RIGHTS_OF_OTHERS = frozenset({"role", "is_active", "rights", "company_id"})
"""What nobody changes of the own account."""


@dataclass(frozen=True, slots=True)
class NewUser:
    """company_id: None for roles of the system company, whose users get that one."""

    email: str
    password: str
    role: Role
    first_name: str
    last_name: str
    middle_name: str = ""
    company_id: str | None = None
    rights: frozenset[str] | None = None
    meta_data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class UserService:
    """For any number of threads. Each change is an entry of the audit log."""

    database: Database
    settings: Settings
    access: Access
    clock: Clock
    new_id: IdFactory

    def create(self, principal: Principal | None, new: NewUser) -> User:
        """principal: None = the server itself, or the command line.

        Raises ForbiddenError, PayloadError, NotFoundError (the company), ConflictError (the email), RuleError.
        """
        check_email(new.email, "credentials.email")
        check_password_rule(new.password, self.settings.accounts.password_minimum, "credentials.password")
        if not new.role.is_system and new.company_id is None:
            raise FieldMissingError("a company is needed", exposed="profile.company_id")
        if principal is not None:
            self._check(principal, Verb.CREATE, None if new.role.is_system else new.company_id, None)
            _check_role(principal, new.role)
        hashed = hash_password(new.password)
        with self.database.write() as unit:
            company = self._company(unit, new)
            user = User(
                user_id=self.new_id(),
                company_id=company.company_id,
                role=new.role,
                email=new.email,
                first_name=new.first_name,
                last_name=new.last_name,
                middle_name=new.middle_name,
                meta_data=new.meta_data or {},
            )
            if new.rights is not None:
                user = replace(user, rights=new.rights)
            _check_texts(user)
            users.insert(unit, user, hashed, self.clock())
            self._record(unit, principal, "user.create", user, role=user.role.value)
            return user

    def get(self, principal: Principal, user_id: str) -> User:
        """Raises NotFoundError, ForbiddenError."""
        with self.database.read() as connection:
            return self._find(connection, principal, user_id, Verb.READ)

    def company(self, user: User) -> Company | None:
        """The company of a user that the principal has read."""
        with self.database.read() as connection:
            return companies.get(connection, user.company_id)

    def list(self, principal: Principal, query: ListQuery) -> Page[User]:
        """A page of the users that the principal may see."""
        scope, user = scope_of(principal.role, Resource.USER, Verb.READ), principal.user
        with self.database.read() as connection:
            return users.page(
                connection,
                query,
                company_id=None if scope is Scope.ALL else user.company_id,
                user_id=user.user_id if scope is Scope.OWN else None,
            )

    def change(self, principal: Principal | None, user_id: str, edit: Callable[[User], User]) -> User:
        """edit: the account there is -> the account to be. A new role and an account that is blocked end its sessions.

        Raises NotFoundError, ForbiddenError, PayloadError, ConflictError, RuleError, and what `edit` raises.
        """
        with self.database.write() as unit:
            old = self._find(unit, principal, user_id, Verb.UPDATE, lock=True)
            user = edit(old)
            own = principal is not None and user.user_id == principal.user.user_id
            if own and changed(old, user) & RIGHTS_OF_OTHERS:
                raise ForbiddenError("nobody changes the role and the rights of the own account")
            if changed(old, user) & {"role", "company_id"}:
                user = self._moved(unit, principal, user)
            if user.email != old.email:
                check_email(user.email, "email")
            _check_texts(user)
            if old.role is Role.ADMIN and (user.role is not Role.ADMIN or not user.is_active):
                _check_not_last_admin(unit, old)
            users.replace(unit, user)
            if user.role is not old.role or not user.is_active:
                sessions.delete_of_user(unit, user_id)
            self._record(unit, principal, "user.update", user, fields=sorted(changed(old, user)))
            return user

    def change_password(self, principal: Principal | None, user_id: str, old: str | None, new: str) -> User:
        """Set a password and end the user's sessions. old: needed for the own account.

        Raises NotFoundError, ForbiddenError, PayloadError, CredentialInvalidError (the old password is wrong),
        ThrottledError (it was wrong too often).
        """
        check_password_rule(new, self.settings.accounts.password_minimum, "new_password")
        with self.database.read() as connection:
            found = users.with_password(connection, user_id=user_id)
            if found is None:
                raise NotFoundError("no such user")
            user, stored = found
            if principal is not None:
                self._check(principal, Verb.UPDATE, user.company_id, user.user_id)
        if principal is not None and user_id == principal.user.user_id:
            if old is None:
                raise FieldMissingError("the old password is missing", exposed="old_password")
            self._check_old(user, old, stored)
        hashed = hash_password(new)
        with self.database.write() as unit:
            if users.with_password(unit, user_id=user_id, lock=True) != found:
                raise RuleError("the account was just changed", exposed="The account was just changed")
            users.set_password(unit, user_id, hashed)
            sessions.delete_of_user(unit, user_id)
            self._record(unit, principal, "user.password", user)
        return user

    def delete(self, principal: Principal, user_id: str) -> None:
        """Delete an account and its sessions; its folders stay. Raises NotFoundError, ForbiddenError, RuleError."""
        with self.database.write() as unit:
            user = self._find(unit, principal, user_id, Verb.DELETE, lock=True)
            if user.role is Role.ADMIN:
                _check_not_last_admin(unit, user)
            users.delete(unit, user_id)
            self._record(unit, principal, "user.delete", user)

    def _record(self, unit: Connection, principal: Principal | None, action: str, user: User, **details: Any) -> None:
        now, company = self.clock(), user.company_id
        audit.record(unit, now, principal, action, "user", user.user_id, details, company_id=company)

    def _check_old(self, user: User, old: str, stored: str) -> None:
        """Raises CredentialInvalidError, ThrottledError: a stolen token must not be a way to guess the password."""
        origins, limit = [email_origin(user.email)], self.settings.accounts.login_attempts
        with self.database.read() as connection:
            check_failures(connection, origins, limit, self.clock())
        right = is_password(old, stored)
        with self.database.write() as unit:
            check_failures(unit, origins, limit, self.clock())
            if not right:
                sessions.record_failure(unit, origins, self.clock())
        if not right:
            raise CredentialInvalidError("the old password is wrong")

    def _find(
        self, connection: Connection, principal: Principal | None, user_id: str, verb: Verb, *, lock: bool = False
    ) -> User:
        user = users.get(connection, user_id, lock=lock)
        if user is None:
            raise NotFoundError("no such user")
        if principal is not None:
            self._check(principal, verb, user.company_id, user.user_id)
        return user

    def _check(self, principal: Principal, verb: Verb, company_id: str | None, owner_id: str | None) -> None:
        self.access.check(principal, Resource.USER, verb, company_id=company_id, owner_id=owner_id)

    def _company(self, unit: Connection, new: NewUser) -> Company:
        """The company of a new user. Raises NotFoundError, RuleError."""
        if new.role.is_system or new.company_id is None:
            return companies.system_company(unit)
        return _open_company(unit, new.company_id)

    def _moved(self, unit: Connection, principal: Principal | None, user: User) -> User:
        """A user with another role or company, in the company that fits the role."""
        if principal is not None:
            _check_role(principal, user.role)
        if user.role.is_system:
            return replace(user, company_id=companies.system_company(unit).company_id)
        company = _open_company(unit, user.company_id)
        if principal is not None:
            self._check(principal, Verb.CREATE, company.company_id, None)
        return user


def changed(old: User, new: User) -> set[str]:
    """The fields that differ."""
    return {name for name in User.__slots__ if getattr(old, name) != getattr(new, name)}


def _check_texts(user: User) -> None:
    """Raises PayloadError for names and metadata that cannot be kept."""
    for field in ("first_name", "last_name", "middle_name"):
        name = getattr(user, field)
        if len(name) > LONGEST_NAME or not name.isprintable():
            raise PayloadValueError(f"not a name of at most {LONGEST_NAME} characters on one line", exposed=field)
    check_storable(dict(user.meta_data), "meta_data")


def _check_role(principal: Principal, role: Role) -> None:
    """Only administrators make administrators and operators. Raises ForbiddenError."""
    if role.is_system and principal.role is not Role.ADMIN:
        raise ForbiddenError(f"{principal.role} may not make users of role {role}")


def _open_company(unit: Connection, company_id: str) -> Company:
    company = companies.get(unit, company_id)
    if company is None:
        raise NotFoundError("no such company")
    if company.name == SYSTEM_COMPANY:
        # Its CLIENT_ADMIN could set the passwords of administrators.
        raise RuleError("the system company", exposed="The system company has administrators and operators only")
    if company.in_deletion:
        raise RuleError("the company is being deleted", exposed="The company is being deleted")
    return company


def _check_not_last_admin(unit: Connection, user: User) -> None:
    """Raises RuleError: without an administrator nobody could create one."""
    companies.get(unit, user.company_id, lock=True)  # one at a time: two administrators could remove each other
    if user.is_active and users.count(unit, Role.ADMIN) <= 1:
        raise RuleError("the last administrator", exposed="The last administrator cannot be removed")
