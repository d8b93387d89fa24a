"""The contract's error codes: their HTTP status and their words. Imports nothing."""

from __future__ import annotations

# The contract's table, section 4: code without its prefix -> English, Russian. One row serves both prefixes unless the
# liveness one words it differently.
_WORDS: dict[str, tuple[str, str]] = {
    "BPE-002001": ("Invalid Content-Type of HTTP request", "Неверный Content-Type HTTP-запроса"),
    "BPE-002002": ("Invalid HTTP request method", "Неверный метод HTTP-запроса"),
    "BPE-002003": ("Failed to read the biometric sample", "Не удалось прочитать биометрический образец"),
    "BPE-002004": ("Failed to read the biometric template", "Не удалось прочитать биометрический шаблон"),
    "BPE-002005": (
        "Invalid Content-Type of the multiparted HTTP request part",
        "Неверный Content-Type части multiparted HTTP-запроса",
    ),
    "BPE-002006": ("Invalid request", "Неверный запрос"),
    "BPE-002007": ("Request or file larger than the limit", "Размер запроса или файла превышает допустимый"),
    "BPE-003001": ("Failed to retrieve the biometric template", "Не удалось извлечь биометрический шаблон"),
    "BPE-003002": ("The biometric sample is missing face", "На биометрическом образце отсутствует лицо"),
    "BPE-003003": (
        "More than one person is present on the biometric sample",
        "На биометрическом образце присутствует более, чем одно лицо",
    ),
    "BPE-001001": ("Internal bioprocessor error", "Внутренняя ошибка БП"),
    "BPE-001002": ("TFSS error. Call the health method", "Ошибка TFSS"),
    "BPE-001003": ("Overloaded, try again", "Сервис перегружен, повторите попытку"),
    "LDE-001001": ("Internal liveness detection processor error", "Внутренняя ошибка БП"),
    "LDE-002004": ("Failed to read the biometric sample", "Не удалось прочитать биометрический образец"),
    "LDE-003004": ("Failed to read the payload", "Не удалось прочитать metadata"),
}
_LANGUAGES = ("en", "ru")
# Whatever is not here is 400.
_STATUS = {"001001": 500, "001003": 503, "002007": 413}


def status_of(code: str) -> int:
    """The HTTP status of a contract code."""
    return _STATUS.get(code[4:], 400)


def words(code: str, language: str) -> str:
    """The contract's words for a code."""
    row = _WORDS.get(code) or _WORDS["BPE-" + code[4:]]
    return row[_LANGUAGES.index(language)]
