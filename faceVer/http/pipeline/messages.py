"""The messages of the error codes in English and Russian (docs/contract.md, Errors)."""

from __future__ import annotations

from typing import Literal, NamedTuple

Language = Literal["en", "ru"]


class Message(NamedTuple):
    """A message in both languages of FACEVER_LANGUAGE."""

    en: str
    ru: str

    def text(self, language: str) -> str:
        """The message in one of the languages."""
        return self.ru if language == "ru" else self.en


REQUEST_TYPE = Message("Invalid Content-Type of HTTP request", "Неверный Content-Type HTTP-запроса")
METHOD = Message("Invalid HTTP request method", "Неверный метод HTTP-запроса")
SAMPLE = Message("Failed to read the biometric sample", "Не удалось прочитать биометрический образец")
TEMPLATE = Message("Failed to read the biometric template", "Не удалось прочитать биометрический шаблон")
PART_TYPE = Message(
    "Invalid Content-Type of the multiparted HTTP request part",
    "Неверный Content-Type части multiparted HTTP-запроса",
)
REQUEST = Message("Invalid request", "Неверный запрос")
TOO_LARGE = Message("Request or file larger than the limit", "Размер запроса или файла превышает допустимый")
KEY = Message("API key missing or wrong", "Ключ API отсутствует или неверен")
EXTRACTION = Message("Failed to retrieve the biometric template", "Не удалось извлечь биометрический шаблон")
NO_FACE = Message("The biometric sample is missing face", "На биометрическом образце отсутствует лицо")
SEVERAL_FACES = Message(
    "More than one person is present on the biometric sample",
    "На биометрическом образце присутствует более, чем одно лицо",
)
PAYLOAD = Message("Failed to read the payload", "Не удалось прочитать metadata")
INTERNAL = Message("Internal bioprocessor error", "Внутренняя ошибка БП")
INTERNAL_LIVENESS = Message("Internal liveness detection processor error", "Внутренняя ошибка БП")
INFERENCE = Message("TFSS error. Call the health method", "Ошибка TFSS")
OVERLOADED = Message("Overloaded, try again", "Сервис перегружен, повторите попытку")

OZ_UNKNOWN = Message("Unknown server side error occurred", "Неизвестная ошибка сервера")
OZ_STRUCTURE = Message(
    "Could not locate field for key_path {path} from provided dict data", "Нет поля {path} в переданных данных"
)
OZ_BODY = Message("Invalid data structure of {path}: {reason}", "Неверная структура {path}: {reason}")
OZ_VALUE = Message("Invalid data value for param {path}: {reason}", "Неверное значение параметра {path}: {reason}")
OZ_PAGING = Message("Invalid {path} value for pagination", "Неверное значение {path} для постраничного вывода")
OZ_TYPE = Message("Invalid data type for param {path}", "Неверный тип параметра {path}")
OZ_SAMPLE = Message("Failed to read the media: {reason}", "Не удалось прочитать медиафайл: {reason}")
NOT_REALIZED = Message("Not realized", "Не реализовано")
DATABASE = Message("The database is not available, try again", "База данных недоступна, повторите попытку")
FILES = Message("The file storage is not available, try again", "Хранилище файлов недоступно, повторите попытку")
TOKEN_MISSING = Message("Access token is missing", "Не передан токен доступа")
TOKEN_INVALID = Message("Access token or credentials are invalid", "Неверный токен доступа или учётные данные")
TOKEN_EXPIRED = Message("The session has expired", "Срок действия сессии истёк")
USER_BLOCKED = Message("The user is blocked", "Пользователь заблокирован")
FORBIDDEN = Message("You have not access to this resource", "Нет доступа к ресурсу")
NOT_EXIST = Message("Object not exist", "Объект не существует")
EXISTS = Message("An object with this {path} already exists", "Объект с таким {path} уже существует")
RULE = Message("The request is against a rule", "Запрос противоречит правилу")
THROTTLED = Message("Too many attempts, try again later", "Слишком много попыток, повторите позже")
