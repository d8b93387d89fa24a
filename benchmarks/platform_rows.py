"""Fill a database with folders, and time their lists: `python -m benchmarks.platform_rows STORE [COUNT]`.

STORE is a folder or a PostgreSQL URL. Each folder has a video, a photo, a quality and a biometry analysis with a best
shot, a webhook, and metadata. There are rows only, no files.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from faceVer.domain.listing import Comparison, Condition, ListQuery, Sorting
from faceVer.storage import folder_list, schema
from faceVer.storage.database import Database
from faceVer.storage.tables import (
    analyses,
    best_shots,
    companies,
    deliveries,
    files,
    folders,
    groups,
    media,
    users,
)

COMPANIES, USERS, BATCH, ROUNDS = 10, 200, 1000, 60
END, SPAN = 1_790_000_000.0, 180 * 86_400.0
"""The newest folder, in Unix seconds, and how long before it the first one was made."""
_RESOLUTIONS = {"SUCCESS": 82, "DECLINED": 10, "OPERATOR_REQUIRED": 5, "FAILED": 2, "PROCESSING": 1}
_ORDER = (companies, users, folders, files, media, groups, analyses, best_shots, deliveries)
Rows = dict[sa.Table, list[dict[str, Any]]]


class Maker:
    """Rows of random folders; the same ones for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self.chance = random.Random(seed)
        self.companies = [self.id() for _ in range(COMPANIES)]
        self.users = [self.id() for _ in range(USERS)]

    def id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def accounts(self) -> Rows:
        names = {
            "first_name": "Anna",
            "last_name": "Schmidt",
            "middle_name": "",
            "password_hash": "x",
            "role": "CLIENT",
        }
        return {
            companies: [
                {"company_id": one, "name": f"Company {number}", "created": END - SPAN}
                for number, one in enumerate(self.companies)
            ],
            users: [
                {
                    "user_id": one,
                    "company_id": self.companies[number % COMPANIES],
                    "email": f"u{number}@example.com",
                    "email_key": f"u{number}@example.com",
                    "rights": {},
                    "role": "CLIENT",
                    "password_hash": "x",
                    "created": END - SPAN,
                    **names,
                }
                for number, one in enumerate(self.users)
            ],
        }

    def folder(self, number: int, created: float) -> Rows:
        """The rows of one folder."""
        user = min(int(self.chance.expovariate(0.02)), USERS - 1)  # few users make most folders
        company, folder, group, video, photo = self.companies[user % COMPANIES], *(self.id() for _ in range(4))
        (resolution,) = self.chance.choices(list(_RESOLUTIONS), weights=list(_RESOLUTIONS.values()))
        state = resolution if resolution in ("FAILED", "PROCESSING") else "FINISHED"
        stamps = {"created": created, "updated": created + 4.2}
        keys = [f"{self.id()}.{ending}" for ending in ("mp4", "jpg", "jpg", "jpg")]
        kept = {"folder_id": folder, "company_id": company, "md5": "0" * 32, "sha256": b"0" * 32, "created": created}
        return {
            folders: [
                {
                    "folder_id": folder,
                    "company_id": company,
                    "user_id": self.users[user],
                    "resolution_status": state,
                    "system_resolution": resolution,
                    "operator_status": self.chance.choice(("SUCCESS", "DECLINED")) if number % 20 == 0 else None,
                    "is_cleared": number % 50 == 0,
                    "names": f"video1-{number}.mp4\nphoto1-{number}.jpg",
                    "meta_data": {
                        "transaction_id": f"t-{number}",
                        "iin": f"{number % 90_000:012}",
                        "device": {"platform": self.chance.choice(("ios", "android", "web")), "sdk": "8.21.0"},
                        "try": self.chance.randrange(1, 4),
                    },
                    **stamps,
                }
            ],
            files: [
                {"key": key, "kind": kind, "mime": "image/jpeg", "size": 200_000, **kept}
                for key, kind in zip(keys, ("original", "original", "thumbnail", "best_shot"), strict=True)
            ],
            media: [
                {
                    "media_id": one,
                    "folder_id": folder,
                    "position": place,
                    "kind": kind,
                    "name": name,
                    "filename": f"{name}-{number}.{key[-3:]}",
                    "mime": "video/mp4",
                    "md5": "0" * 32,
                    "size": 1_500_000,
                    "width": 720,
                    "height": 1280,
                    "duration": 4.0,
                    "fps": 30.0,
                    "tags": ["video_selfie", "video_selfie_blank", "orientation_portrait"],
                    "file_key": key,
                    "thumbnail_key": keys[2],
                    "meta_data": {},
                    **stamps,
                }
                for place, (one, kind, name, key) in enumerate(
                    ((video, "video", "video1", keys[0]), (photo, "image", "photo1", keys[1]))
                )
            ],
            groups: [{"group_id": group, "folder_id": folder, "created": created, "finished": created + 4.2}],
            **self._analyses(folder, group, video, photo, resolution, state, keys[3], stamps),
            deliveries: [
                {
                    "delivery_id": self.id(),
                    "folder_id": folder,
                    "group_id": group,
                    "company_id": company,
                    "url": "https://bank.example/oz",
                    "state": "DELIVERED",
                    "created": created,
                    "due": created,
                }
            ],
        }

    def _analyses(
        self, folder: str, group: str, video: str, photo: str, resolution: str, state: str, key: str, stamps: Any
    ) -> Rows:
        shot, score = self.id(), self.chance.random()
        first, second = self.id(), self.id()
        common = {"folder_id": folder, "group_id": group, "meta_data": {}, "state": state, "resolution": resolution}
        quality = {
            "analysis_id": first,
            "position": 0,
            "type": "QUALITY",
            "thresholds": {"type": "QUALITY", "threshold_spoofing": 0.5, "extract_best_shot": True},
            "sources": [video],
            "best_shots": {video: shot},
            "outcome": {"type": "QUALITY", "scores": [{"media_id": video, "pad_score": score, "best_shot": None}]},
        }
        biometry = {
            "analysis_id": second,
            "position": 1,
            "type": "BIOMETRY",
            "thresholds": {"type": "BIOMETRY", "threshold_min": 0.84, "threshold_max": 0.84},
            "sources": [video, photo],
            "best_shots": {},
            "outcome": {"type": "BIOMETRY", "pairs": [{"left": video, "right": photo, "score": score}]},
        }
        return {
            analyses: [{**one, **common, **stamps} for one in (quality, biometry)],
            best_shots: [{"media_id": shot, "analysis_id": first, "source_media_id": video, "file_key": key}],
        }


def fill(database: Database, count: int) -> None:
    """Add accounts and folders to an empty database, and let PostgreSQL count them."""
    maker = Maker()
    _insert(database, [maker.accounts()])
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        _insert(database, [maker.folder(number, END - SPAN + SPAN * number / count) for number in numbers])
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE")


def _insert(database: Database, made: Iterable[Rows]) -> None:
    batch = list(made)
    with database.write() as connection:
        for table in _ORDER:
            if rows := [row for rows in batch for row in rows.get(table, [])]:
                connection.execute(sa.insert(table), rows)


def queries(maker: Maker, count: int) -> dict[str, Iterator[ListQuery]]:
    """Endless queries by what they filter by, as the contract's lists have them."""
    chance = random.Random(2)
    since, until, equals = Comparison.AT_LEAST, Comparison.AT_MOST, Comparison.IN

    def equal(field: str, *values: Any) -> Condition:
        return Condition(field, Comparison.IN, values)

    def meta(path: tuple[str | int, ...], comparison: Comparison, value: Any) -> Condition:
        return Condition("meta_data", comparison, (value,), path)

    def moment() -> float:
        return END - SPAN * chance.random()

    def during(days: int) -> tuple[Condition, ...]:
        start = moment()
        bounds = ((since, start), (until, start + days * 86_400))
        return tuple(Condition("time_created", comparison, (bound,)) for comparison, bound in bounds)

    def number() -> int:
        return chance.randrange(count)

    def many(make: Any) -> Iterator[ListQuery]:
        while True:
            made = make()
            yield made if isinstance(made, ListQuery) else ListQuery((made,) if isinstance(made, Condition) else made)

    return {
        name: many(make)
        for name, make in {
            "no filter": lambda: (),
            "no filter, offset 50,000": lambda: ListQuery(offset=count // 2),
            "no filter, total_omit": lambda: ListQuery(total=False),
            "sorting=time_updated{asc}": lambda: ListQuery(sorting=(Sorting("time_updated", descending=False),)),
            "company_id": lambda: equal("company_id", chance.choice(maker.companies)),
            "user_id": lambda: equal("user_id", chance.choice(maker.users)),
            "resolution_status=FINISHED": lambda: equal("resolution_status", "FINISHED"),
            "resolution_status=PROCESSING": lambda: equal("resolution_status", "PROCESSING"),
            "system_resolution=DECLINED,OPERATOR_REQUIRED": lambda: equal(
                "system_resolution", "DECLINED", "OPERATOR_REQUIRED"
            ),
            "operator_status=SUCCESS": lambda: equal("operator_status", "SUCCESS"),
            "operator_status=null": lambda: equal("operator_status", None),
            "is_cleared=true": lambda: equal("is_cleared", True),
            "time_created.min and .max, a day": lambda: during(1),
            "time_updated.min": lambda: Condition("time_updated", since, (moment(),)),
            "meta_data=transaction_id==…": lambda: meta(("transaction_id",), equals, f"t-{number()}"),
            "meta_data=device.platform==ios": lambda: meta(("device", "platform"), equals, "ios"),
            "meta_data=try>=3": lambda: meta(("try",), since, 3.0),
            "meta_data=absent==null": lambda: meta(("absent",), equals, None),
            "search_text, of a folder id": lambda: ListQuery(search=f"{chance.getrandbits(32):08x}"),
            "search_text, of one name": lambda: ListQuery(search=f"Video1-{number()}"),
            "search_text, of all names": lambda: ListQuery(search="video"),
            "search_text, of none": lambda: ListQuery(search="nobody"),
            "analyse.type=BIOMETRY": lambda: equal("analysis.type", "BIOMETRY"),
            "analyse.type and .resolution_status=DECLINED": lambda: (
                equal("analysis.type", "QUALITY"),
                equal("analysis.resolution_status", "DECLINED"),
            ),
            "analyse.state=PROCESSING": lambda: equal("analysis.state", "PROCESSING"),
            "analyse.time_created.min": lambda: Condition("analysis.time_created", since, (moment(),)),
            "company_id, system_resolution, a week": lambda: (
                equal("company_id", chance.choice(maker.companies)),
                equal("system_resolution", "DECLINED"),
                *during(7),
            ),
        }.items()
    }


def measure(database: Database, count: int) -> Iterator[tuple[str, str, float, float, int | None]]:
    """(filter, scope, median and 99th percentile in milliseconds, matches of the last query)."""
    maker = Maker()
    for scope, company in (("all", None), ("one company", maker.companies[0])):
        for name, made in queries(maker, count).items():
            times, page = [], None
            for _ in range(ROUNDS):
                query = next(made)
                start = time.perf_counter()
                with database.read() as connection:
                    page = folder_list.select(connection, query, company_id=company, user_id=None)
                times.append((time.perf_counter() - start) * 1000)
            yield name, scope, statistics.median(times), sorted(times)[int(ROUNDS * 0.99)], page and page.total


def main(store: str, count: int = 100_000) -> None:
    database = Database.of(store)
    schema.upgrade(database)
    with database.read() as connection:
        found = connection.scalar(sa.select(sa.func.count()).select_from(folders))
    if not found:
        start = time.perf_counter()
        fill(database, count)
        print(f"{count} folders made in {time.perf_counter() - start:.0f} s", flush=True)
    print("| filter | scope | median ms | p99 ms | matches |\n| --- | --- | --- | --- | --- |")
    for name, scope, median, last, total in measure(database, count):
        print(f"| `{name}` | {scope} | {median:.1f} | {last:.1f} | {total} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *(int(argument) for argument in sys.argv[2:]))
