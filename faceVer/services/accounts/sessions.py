"""Sessions: signing in and out, refreshing, authenticating requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from faceVer.domain.accounts import Principal, Role, Session, User
from faceVer.domain.clock import Clock, IdFactory
from faceVer.domain.errors import (
    CredentialExpiredError,
    CredentialInvalidError,
    ForbiddenError,
    NotFoundError,
    RuleError,
    UserBlockedError,
)
from faceVer.domain.listing import ListQuery, Page
from faceVer.domain.permissions import Resource, Verb
from faceVer.services.access import Access
from faceVer.services.accounts.emails import is_email
from faceVer.services.accounts.failures import address_origin, check_failures, email_origin
from faceVer.services.accounts.passwords import is_password
from faceVer.services.accounts.tokens import access_token, expire_token, token_hash
from faceVer.settings.model import Settings
from faceVer.storage import audit, sessions, users
from faceVer.storage.database import Connection, Database

WRITE_INTERVAL = 60.0
"""Seconds between two writes that extend a session."""
LEAST_REFRESH = 86_400.0
"""Seconds an expire token lives at least; else twice as long as its session."""
_NO_SESSION = "Session not found"
_NOT_OWN = "You have not access to refresh this session"
SERVICE_ROLES = (Role.CLIENT_SERVICE, Role.OPERATOR)
"""Roles that service tokens are made for."""


class SignedIn(NamedTuple):
    """A new session. expire_token: "" for a service token."""

    user: User
    session: Session
    access_token: str
    expire_token: str


@dataclass(frozen=True, slots=True)
class SessionService:
    """For any number of threads. secret: signs access tokens."""

    database: Database
    settings: Settings
    access: Access
    secret: bytes
    clock: Clock
    new_id: IdFactory

    def sign_in(self, email: str, password: str, address: str) -> SignedIn:
        """Raises CredentialInvalidError, UserBlockedError, ThrottledError."""
        origins = [address_origin(address)]
        found = None
        with self.database.read() as connection:
            if is_email(email):
                origins.append(email_origin(email))
                found = users.with_password(connection, email=email)
            self._check_failures(connection, origins)
        if not is_password(password, found[1] if found else None) or found is None:
            with self.database.write() as unit:
                sessions.lock_origins(unit, origins)
                self._check_failures(unit, origins)
                sessions.record_failure(unit, origins, self.clock())
            raise CredentialInvalidError("wrong email or password")
        with self.database.write() as unit:
            # Again, after the time that hashing takes: many guesses at once must not learn which one is right.
            sessions.lock_origins(unit, origins)
            self._check_failures(unit, origins)
            user = users.with_password(unit, user_id=found[0].user_id, lock=True)
            if user is None or user[1] != found[1]:
                raise CredentialInvalidError("the password was just changed")
            return self._begin(unit, _active(user[0]), address)

    def refresh(self, principal_token: str, token: str, address: str) -> SignedIn:
        """A new pair for an expire token. principal_token: the access token, which may have expired.

        The old pair works until the new one is first used. Raises CredentialInvalidError, UserBlockedError,
        ForbiddenError (the access token is another user's).
        """
        with self.database.write() as unit:
            found = sessions.by_refresh(unit, token_hash(token))
            # The user before the session: those that end the sessions lock the user, too.
            user = users.get(unit, found.user_id, lock=True) if found else None
            old = sessions.by_refresh(unit, token_hash(token))
            if old is None or user is None or old.refresh_expires < self.clock():
                raise CredentialInvalidError(_NO_SESSION, exposed=_NO_SESSION)
            own = sessions.with_user(unit, token_hash(principal_token))
            if own is None:
                raise CredentialInvalidError("unknown access token")
            if own[1].user_id != user.user_id:
                raise ForbiddenError(_NOT_OWN, exposed=_NOT_OWN)
            _active(user)
            sessions.take_over(unit, old)  # its expire token is in use, so it ends the session that it replaces
            return self._begin(unit, user, address, replaces=old.token_id)

    def authenticate(self, token: str, address: str) -> Principal:
        """The sender of a request. Its use extends the session, and ends the one that the session replaces.

        Raises CredentialInvalidError, CredentialExpiredError, UserBlockedError.
        """
        with self.database.read() as connection:
            found = sessions.with_user(connection, token_hash(token))
        if found is None:
            raise CredentialInvalidError("unknown access token")
        session, user = found
        now = self.clock()
        if session.expires < now:
            raise CredentialExpiredError("the session has expired")
        _active(user)
        extended = self._extended(session, now)
        if extended or session.replaces:
            with self.database.write() as unit:
                if extended:
                    sessions.extend(unit, session.token_id, *extended)
                sessions.take_over(unit, session)
        return Principal(user, session.token_id, address)

    def service_token(self, principal: Principal, user_id: str | None) -> SignedIn:
        """A long-lived token of a service account or an operator. user_id: None = one's own.

        Raises NotFoundError, ForbiddenError.
        """
        with self.database.write() as unit:
            user = users.get(unit, user_id or principal.user.user_id, lock=True)
            if user is None:
                raise NotFoundError("no such user")
            if user.user_id != principal.user.user_id:
                for verb in (Verb.READ, Verb.CREATE):
                    self._check(principal, user, verb)
            elif user.role is not Role.CLIENT_SERVICE:
                raise ForbiddenError("not a service account")
            if user.role not in SERVICE_ROLES:
                raise ForbiddenError("service tokens are for service accounts and operators")
            if not user.is_active:
                raise RuleError("the account is not active", exposed="The user is blocked")
            made = self._begin(unit, user, principal.address, service=True)
            self._record(unit, principal, "session.service_token", user, made.session.token_id)
            return made

    def sign_out(self, principal: Principal) -> None:
        """End the session in use."""
        with self.database.write() as unit:
            sessions.delete(unit, [principal.token_id])

    def list(self, principal: Principal, user_id: str, query: ListQuery) -> Page[Session]:
        """The sessions of a user. Raises NotFoundError, ForbiddenError."""
        with self.database.read() as connection:
            self._check(principal, users.get(connection, user_id), Verb.UPDATE)
            return sessions.page(connection, query, user_id)

    def end(self, principal: Principal, token_id: str) -> None:
        """End a session. Raises NotFoundError, ForbiddenError."""
        with self.database.write() as unit:
            session = sessions.get(unit, token_id)
            if session is None:
                raise NotFoundError("no such session")
            user = self._check(principal, users.get(unit, session.user_id), Verb.UPDATE)
            sessions.delete(unit, [token_id])
            self._record(unit, principal, "session.end", user, token_id)

    def forget_ended(self) -> None:
        """Remove sessions that have ended, and old failed sign-ins."""
        with self.database.write() as unit:
            sessions.delete_ended(unit, self.clock())

    def _check(self, principal: Principal, user: User | None, verb: Verb) -> User:
        """The user, if the principal may do that with the account. Raises NotFoundError, ForbiddenError."""
        if user is None:
            raise NotFoundError("no such user")
        self.access.check(principal, Resource.USER, verb, company_id=user.company_id, owner_id=user.user_id)
        return user

    def _record(self, unit: Connection, principal: Principal, action: str, user: User, token_id: str) -> None:
        details = {"token_id": token_id}
        now, company = self.clock(), user.company_id
        audit.record(unit, now, principal, action, "user", user.user_id, details, company_id=company)

    def _check_failures(self, connection: Connection, origins: Sequence[str]) -> None:
        check_failures(connection, origins, self.settings.accounts.login_attempts, self.clock())

    def _begin(
        self, unit: Connection, user: User, address: str, *, replaces: str | None = None, service: bool = False
    ) -> SignedIn:
        accounts, now = self.settings.accounts, self.clock()
        long = service or user.role is Role.CLIENT_SERVICE
        lifetime = accounts.session_longlive_ttl if long else accounts.session_ttl
        session = Session(
            token_id=self.new_id(),
            user_id=user.user_id,
            created=now,
            expires=now + lifetime,
            refresh_expires=now + _refresh_lifetime(lifetime),
            lifetime=lifetime,
            is_service=service,
            replaces=replaces,
            address=address,
        )
        access, expire = access_token(session, self.secret), "" if service else expire_token()
        sessions.insert(unit, session, token_hash(access), token_hash(expire) if expire else None)
        return SignedIn(user, session, access, expire)

    def _extended(self, session: Session, now: float) -> tuple[float, float] | None:
        """The new ends of the session's tokens, None if they need no writing now."""
        if not self.settings.accounts.session_extend:
            return None
        if now + session.lifetime - session.expires < min(WRITE_INTERVAL, session.lifetime / 2):
            return None
        return now + session.lifetime, now + _refresh_lifetime(session.lifetime)


def _active(user: User) -> User:
    """Raises UserBlockedError."""
    if not user.is_active:
        raise UserBlockedError("the account is not active")
    return user


def _refresh_lifetime(lifetime: float) -> float:
    return max(2 * lifetime, LEAST_REFRESH)
