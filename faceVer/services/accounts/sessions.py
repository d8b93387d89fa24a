"""Sessions: signing in and out, refreshing, authenticating requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from faceVer.domain.accounts import Principal, Role, Session, User
from faceVer.domain.clock import Clock, IdFactory
from faceVer.domain.errors import (
    CredentialExpiredError,
    CredentialInvalidError,
    ForbiddenError,
    NotFoundError,
    ThrottledError,
    UserBlockedError,
)
from faceVer.domain.permissions import Resource, Verb
from faceVer.services.access import Access
from faceVer.services.accounts.passwords import is_password
from faceVer.services.accounts.tokens import LONGEST, access_token, expire_token, token_hash
from faceVer.settings.model import Settings
from faceVer.storage import audit, sessions, users
from faceVer.storage.database import Database

WRITE_INTERVAL = 60.0
"""Seconds between two writes that extend a session."""
LEAST_REFRESH = 86_400.0
"""Seconds an expire token lives at least; else twice as long as its session."""
THROTTLE_SECONDS = 60.0
"""Window in which failed sign-ins are counted."""
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
        now = self.clock()
        origins = [f"address {address}", f"email {email.lower()}"]
        with self.database.read() as connection:
            failed = sessions.failures(connection, origins, now - THROTTLE_SECONDS)
            found = users.with_password(connection, email=email)
        if failed >= self.settings.accounts.login_attempts:
            raise ThrottledError("too many failed sign-ins", seconds=THROTTLE_SECONDS)
        if not is_password(password, found[1] if found else None) or found is None:
            with self.database.write() as unit:
                sessions.record_failure(unit, origins, now)
            raise CredentialInvalidError("wrong email or password")
        user = found[0]
        if not user.is_active:
            raise UserBlockedError("the account is not active")
        return self._begin(user, address)

    def refresh(self, principal_token: str, token: str, address: str) -> SignedIn:
        """A new pair for an expire token. principal_token: the access token, which may have expired.

        The old pair works until the new one is first used. Raises CredentialInvalidError, UserBlockedError,
        ForbiddenError (the access token is another user's).
        """
        now = self.clock()
        with self.database.read() as connection:
            old = sessions.by_refresh(connection, token_hash(token)) if len(token) <= LONGEST else None
            own = sessions.with_user(connection, token_hash(principal_token))
            user = users.get(connection, old.user_id) if old else None
        if old is None or user is None or old.refresh_expires < now:
            raise CredentialInvalidError("Session not found", exposed="Session not found")
        if own is None:
            raise CredentialInvalidError("unknown access token")
        if own[1].user_id != user.user_id:
            reason = "You have not access to refresh this session"
            raise ForbiddenError(reason, exposed=reason)
        if not user.is_active:
            raise UserBlockedError("the account is not active")
        return self._begin(user, address, replaces=old.token_id)

    def authenticate(self, token: str, address: str) -> Principal:
        """The sender of a request. Its use extends the session, and ends the one that the session replaces.

        Raises CredentialInvalidError, CredentialExpiredError, UserBlockedError.
        """
        if len(token) > LONGEST:
            raise CredentialInvalidError("not a token")
        with self.database.read() as connection:
            found = sessions.with_user(connection, token_hash(token))
        if found is None:
            raise CredentialInvalidError("unknown access token")
        session, user = found
        now = self.clock()
        if session.expires < now:
            raise CredentialExpiredError("the session has expired")
        if not user.is_active:
            raise UserBlockedError("the account is not active")
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
        user = principal.user
        if user_id is not None and user_id != user.user_id:
            with self.database.read() as connection:
                other = users.get(connection, user_id)
            if other is None:
                raise NotFoundError("no such user")
            self.access.check(
                principal, Resource.USER, Verb.CREATE, company_id=other.company_id, owner_id=other.user_id
            )
            user = other
        elif user.role is not Role.CLIENT_SERVICE:
            raise ForbiddenError("not a service account")
        if user.role not in SERVICE_ROLES:
            raise ForbiddenError("service tokens are for service accounts and operators")
        if not user.is_active:
            raise UserBlockedError("the account is not active")
        made = self._begin(user, principal.address, service=True)
        with self.database.write() as unit:
            audit.record(unit, self.clock(), principal, "session.service_token", "user", user.user_id)
        return made

    def sign_out(self, principal: Principal) -> None:
        """End the session in use."""
        with self.database.write() as unit:
            sessions.delete(unit, [principal.token_id])

    def of_user(self, principal: Principal, user_id: str) -> list[Session]:
        """The sessions of a user, newest first. Raises NotFoundError, ForbiddenError."""
        with self.database.read() as connection:
            self._check(principal, users.get(connection, user_id))
            return sessions.of_user(connection, user_id)

    def end(self, principal: Principal, token_id: str) -> None:
        """End a session. Raises NotFoundError, ForbiddenError."""
        with self.database.write() as unit:
            session = sessions.get(unit, token_id)
            if session is None:
                raise NotFoundError("no such session")
            self._check(principal, users.get(unit, session.user_id))
            sessions.delete(unit, [token_id])
            audit.record(unit, self.clock(), principal, "session.end", "user", session.user_id)

    def forget_ended(self) -> None:
        """Remove sessions that have ended, and old failed sign-ins."""
        with self.database.write() as unit:
            sessions.delete_ended(unit, self.clock())

    def _check(self, principal: Principal, user: User | None) -> None:
        """Whether the principal may see and end a user's sessions: one's own, or those of users one may change."""
        if user is None:
            raise NotFoundError("no such user")
        self.access.check(principal, Resource.USER, Verb.UPDATE, company_id=user.company_id, owner_id=user.user_id)

    def _begin(self, user: User, address: str, *, replaces: str | None = None, service: bool = False) -> SignedIn:
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
        with self.database.write() as unit:
            sessions.insert(unit, session, token_hash(access), token_hash(expire) if expire else None)
        return SignedIn(user, session, access, expire)

    def _extended(self, session: Session, now: float) -> tuple[float, float] | None:
        """The new ends of the session's tokens, None if they need no writing now."""
        if not self.settings.accounts.session_extend or session.is_service:
            return None
        if now + session.lifetime - session.expires < min(WRITE_INTERVAL, session.lifetime / 2):
            return None
        return now + session.lifetime, now + _refresh_lifetime(session.lifetime)


def _refresh_lifetime(lifetime: float) -> float:
    return max(2 * lifetime, LEAST_REFRESH)
