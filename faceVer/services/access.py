"""Whether a principal may do something with an object; refusals may hide that the object exists."""

from __future__ import annotations

from dataclasses import dataclass

from faceVer.domain.accounts import Principal
from faceVer.domain.errors import ForbiddenError, NotFoundError
from faceVer.domain.permissions import Resource, Verb, check_allowed


@dataclass(frozen=True, slots=True)
class Access:
    """hide_foreign: whether refused objects seem not to exist (FACEVER_HIDE_FOREIGN)."""

    hide_foreign: bool = False

    def check(
        self,
        principal: Principal,
        resource: Resource,
        verb: Verb,
        *,
        company_id: str | None,
        owner_id: str | None = None,
    ) -> None:
        """Raises ForbiddenError; NotFoundError where foreign objects are hidden and the principal may not read it."""
        try:
            check_allowed(principal, resource, verb, company_id=company_id, owner_id=owner_id)
        except ForbiddenError:
            if self.hide_foreign and verb is not Verb.CREATE:
                self._check_visible(principal, resource, company_id, owner_id)
            raise

    def _check_visible(
        self, principal: Principal, resource: Resource, company_id: str | None, owner_id: str | None
    ) -> None:
        try:
            check_allowed(principal, resource, Verb.READ, company_id=company_id, owner_id=owner_id)
        except ForbiddenError as error:
            raise NotFoundError(str(error)) from None
