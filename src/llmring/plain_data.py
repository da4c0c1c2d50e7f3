"""Public values as plain data: the dictionaries, lists, texts and numbers of JSON."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import TYPE_CHECKING, Any

from llmring.redaction import redact

if TYPE_CHECKING:
    from msgspec import Struct


class PlainData:
    """A value that turns into plain data."""

    __module__ = "llmring"

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, which `json.dumps` takes as it is.

        Decimals are texts, so that no digit is lost; dates and times are ISO 8601, bytes base64,
        sets sorted lists. An unknown value is None.
        """
        return struct_data(self)

    def to_json(self) -> str:
        """Return the fields as a JSON object; see `to_dict`."""
        import json

        # msgspec takes no integer of more than 64 bits.
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))

    def __iter__(self) -> Iterator[Any]:
        # With this, dict() gives plain data, and so does FastAPI's jsonable_encoder.
        return iter(self.to_dict().items())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic, and FastAPI with it, take the class as the type of a field or an answer."""
        from pydantic_core import core_schema

        written = core_schema.plain_serializer_function_ser_schema(plain)
        return core_schema.is_instance_schema(cls, serialization=written)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """Describe any value of the class as an object, without its fields."""
        return {"type": "object", "title": cls.__name__}

    def _inside(self) -> Any:
        """Return the plain data of this value as a part of another one."""
        return self.to_dict()


class EncodedFields:
    """The fields that msgspec writes of a value other than a Struct: `_encoded_fields`.

    msgspec writes every object that has `__dataclass_fields__`. Only instances have them here,
    because a class that had them would be taken for a dataclass.
    """

    def __get__(self, value: Any, owner: type | None = None) -> dict[str, None]:
        if value is None:
            raise AttributeError("__dataclass_fields__")
        return dict.fromkeys(value._encoded_fields())  # noqa: SLF001 -- its other half


def struct_data(value: Struct | PlainData) -> dict[str, Any]:
    """Return the fields of a Struct as plain data, under the names that msgspec writes."""
    from msgspec import UNSET

    config = value.__struct_config__  # type: ignore[union-attr]
    data: dict[str, Any] = {config.tag_field: config.tag} if config.tag_field else {}
    fields: tuple[str, ...] = value.__struct_fields__  # type: ignore[union-attr]
    usual: dict[str, Any] = {}
    if config.omit_defaults:
        given: tuple[Any, ...] = value.__struct_defaults__  # type: ignore[union-attr]
        # Fields that are not known stay, as null.
        pairs = zip(reversed(fields), reversed(given), strict=False)
        usual = {name: default for name, default in pairs if default is not None}
    for name, written in zip(fields, value.__struct_encode_fields__, strict=True):  # type: ignore[union-attr]
        found = getattr(value, name)
        if found is not UNSET and not (name in usual and found == usual[name]):
            data[written] = plain(found)
    return data


def struct_repr(value: Any) -> str:
    """Return the repr of a Struct with decimals written out: 0.00000075, not 7.5E-7."""
    fields = (f"{name}={_shown(getattr(value, name))}" for name in value.__struct_fields__)
    return f"{type(value).__name__}({', '.join(fields)})"


def _shown(value: object) -> str:
    from decimal import Decimal

    return f"Decimal('{value:f}')" if isinstance(value, Decimal) else repr(value)


def plain(value: Any) -> Any:
    """Return a value as plain data.

    Raises:
        TypeError: The value is of a type that has no such form.
    """
    if value is None or type(value) in _PLAIN:
        return value
    for kind, convert in _by_kind().items():
        if isinstance(value, kind):
            return convert(value)
    if hasattr(value, "__struct_config__"):
        return struct_data(value)
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"))
    return _by_msgspec(value)


def _by_msgspec(value: Any) -> Any:
    """Return a date, a UUID, a dataclass … as msgspec writes it."""
    import msgspec

    found = msgspec.to_builtins(value, str_keys=True, enc_hook=_foreign)
    return plain(found) if isinstance(found, dict | list | tuple | set) else found


def _foreign(value: Any) -> Any:
    if isinstance(value, tuple(_by_kind())) or hasattr(value, "model_dump"):
        return plain(value)
    raise TypeError(f"{type(value).__name__} can't be turned into plain data")


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    keys = (key if type(key) is str else str(plain(key)) for key in value)
    return dict(zip(keys, map(plain, value.values()), strict=True))


def _list(value: Iterable[Any]) -> list[Any]:
    return [plain(each) for each in value]


def _number(value: float) -> float | None:
    # JSON has no infinity and no NaN.
    return float(value) if abs(value) < _INFINITY else None


def _exception(error: BaseException) -> dict[str, str]:
    return {"type": type(error).__name__, "message": redact(str(error))}


_INFINITY = float("inf")
_PLAIN = frozenset((bool, int, str))


@functools.cache
def _by_kind() -> dict[type, Callable[[Any], Any]]:
    """Return how values of other types are converted; the first type that fits decides."""
    from decimal import Decimal
    from enum import Enum
    from os import PathLike, fspath

    return {
        Enum: lambda value: plain(value.value),
        PlainData: lambda value: value._inside(),  # noqa: SLF001 -- of this file
        BaseException: _exception,
        str: str,
        int: int,
        float: _number,
        Decimal: str,
        Mapping: _mapping,
        Set: lambda value: sorted(map(plain, value), key=str),
        list: _list,
        tuple: _list,
        PathLike: fspath,
    }
