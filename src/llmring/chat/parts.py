"""The parts of a message (text, media, reasoning) and the parsing of their accepted forms."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.json_text import whole_pairs
from llmring.data_url import base64_fault, media_type_and_data
from llmring.exceptions import ValidationError
from llmring.field_types import wrong_type
from llmring.plain_data import PlainData


class TextPart(PlainData, Struct, frozen=True, tag="text", tag_field="part"):
    """A piece of text in a message."""

    __module__ = "llmring"

    text: str
    cache_control: dict[str, Any] | None = None


class CommentaryPart(TextPart, frozen=True, tag="commentary", tag_field="part"):
    """A remark of the model on its work in an assistant message, which is not the answer."""

    __module__ = "llmring"


class ImagePart(PlainData, Struct, frozen=True, tag="image", tag_field="part"):
    """An image: either a URL, or its bytes in base64 with their media type."""

    __module__ = "llmring"

    url: str | None = None
    data: str | None = None
    media_type: str | None = None
    detail: str | None = None
    cache_control: dict[str, Any] | None = None

    @property
    def as_url(self) -> str:
        """The URL; a data: URL if the image was given as bytes."""
        return self.url or f"data:{self.media_type};base64,{self.data}"


class DocumentPart(PlainData, Struct, frozen=True, tag="document", tag_field="part"):
    """A document, such as a PDF: either a URL, or its bytes in base64 with their media type."""

    __module__ = "llmring"

    url: str | None = None
    data: str | None = None
    media_type: str = "application/pdf"
    name: str | None = None
    cache_control: dict[str, Any] | None = None


class AudioPart(PlainData, Struct, frozen=True, tag="audio", tag_field="part"):
    """Audio: its bytes in base64 with their media type ("audio/wav", "audio/mpeg")."""

    __module__ = "llmring"

    data: str
    media_type: str
    cache_control: dict[str, Any] | None = None


class UploadedPart(PlainData, Struct, frozen=True, tag="uploaded", tag_field="part"):
    """A file that was uploaded to the provider.

    Attributes:
        id: The provider's ID of the file; with Google, a URI.
        media_type: The file's media type, which decides how a request refers to it.
        name: Its file name.
    """

    __module__ = "llmring"

    id: str
    media_type: str
    name: str | None = None
    cache_control: dict[str, Any] | None = None


class ReasoningPart(PlainData, Struct, frozen=True, tag="reasoning", tag_field="part"):
    """Reasoning from an earlier turn of the model.

    Attributes:
        text: The visible text.
        signature: An opaque value that the vendor expects back.
        id: The vendor's ID of the reasoning, if it has one.
        dialect: The API that produced it; the signature is meaningless to other APIs. None if the
            caller did not name one, which fits any API.
        field: The field of the reply that it came in, where servers of one API differ.
    """

    __module__ = "llmring"

    text: str
    signature: str | None = None
    id: str | None = None
    dialect: str | None = None
    field: str | None = None


class ProviderPart(PlainData, Struct, frozen=True, tag="provider", tag_field="part"):
    """An item that an API returned and expects back unchanged, such as the work of its own tools.

    Attributes:
        dialect: The API that produced it; it is sent to no other API.
        content: The item in that API's format.
    """

    __module__ = "llmring"

    dialect: str
    content: Mapping[str, Any]


Part = (
    TextPart
    | CommentaryPart
    | ImagePart
    | DocumentPart
    | AudioPart
    | UploadedPart
    | ReasoningPart
    | ProviderPart
)

# The assumed type of a file that is given only by its ID.
_PDF = "application/pdf"
_ANY_IMAGE = "image/*"


def parse_part(value: Part | str | Mapping[str, Any]) -> Part:
    """Parse a message part from any of its accepted forms.

    Raises:
        ValidationError: The type of the part is unknown, or the part is incomplete.
    """
    if isinstance(value, str):
        return TextPart(value)
    if not isinstance(value, Mapping):
        if not isinstance(value, Part):
            raise wrong_type("a part of the content", value, "a text, a part or a dictionary")
        return value
    if "part" in value:
        return _plain_part(value)
    kind = value.get("type")
    parse = _PARTS.get(kind) if isinstance(kind, str) else None
    if parse is None:
        raise ValidationError(f"unknown content part type {kind!r}; use one of {', '.join(_PARTS)}")
    try:
        return parse(value)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValidationError(f"content part of type {kind!r} is incomplete: {error}") from error


def _plain_part(value: Mapping[str, Any]) -> Part:
    """Return the part that `to_dict` was called on."""
    try:
        part: Part = msgspec.convert(value, Part)
    except msgspec.ValidationError as error:
        raise ValidationError(f"content part {value['part']!r} can't be read: {error}") from error
    return part


def _text_part(value: Mapping[str, Any]) -> TextPart:
    return TextPart(str(value["text"]), value.get("cache_control"))


def _image_url_part(value: Mapping[str, Any]) -> ImagePart:
    image, mark = value["image_url"], value.get("cache_control")
    if isinstance(image, str):
        image = {"url": image}
    found = image_from_url(image["url"], image.get("detail"))
    return msgspec.structs.replace(found, cache_control=mark) if mark else found


def _image_part(value: Mapping[str, Any]) -> ImagePart | UploadedPart:
    source, mark = value["source"], value.get("cache_control")
    if source["type"] == "file":
        kind = source.get("media_type") or _ANY_IMAGE
        return UploadedPart(source["file_id"], kind, cache_control=mark)
    if source["type"] == "url":
        return ImagePart(url=source["url"], cache_control=mark)
    return ImagePart(data=source["data"], media_type=source["media_type"], cache_control=mark)


def _document_part(value: Mapping[str, Any]) -> DocumentPart | UploadedPart:
    source, name, mark = value["source"], value.get("title"), value.get("cache_control")
    kind = source.get("media_type") or _PDF
    if source["type"] == "file":
        return UploadedPart(source["file_id"], kind, name, mark)
    if source["type"] == "url":
        return DocumentPart(url=source["url"], media_type=kind, name=name, cache_control=mark)
    data = source["data"]
    if source["type"] == "text":
        data = base64.b64encode(whole_pairs(data).encode()).decode()
    return DocumentPart(data=data, media_type=source["media_type"], name=name, cache_control=mark)


def _file_part(value: Mapping[str, Any]) -> DocumentPart | UploadedPart:
    return _file(value["file"], value.get("cache_control"))


def _input_file_part(value: Mapping[str, Any]) -> DocumentPart | UploadedPart:
    if "file_url" in value:
        mark = value.get("cache_control")
        return DocumentPart(url=value["file_url"], name=value.get("filename"), cache_control=mark)
    return _file(value, value.get("cache_control"))


def _file(file: Mapping[str, Any], mark: dict[str, Any] | None) -> DocumentPart | UploadedPart:
    name = file.get("filename")
    if "file_id" in file:
        return UploadedPart(file["file_id"], file.get("media_type") or _PDF, name, mark)
    given = media_type_and_data(file["file_data"])
    if given is None:
        raise ValidationError("file_data is not a base64 data: URL; write data:TYPE;base64,DATA")
    media_type, data = given
    return DocumentPart(data=data, media_type=media_type, name=name, cache_control=mark)


def _input_image_part(value: Mapping[str, Any]) -> ImagePart | UploadedPart:
    if "file_id" in value:
        kind = value.get("media_type") or _ANY_IMAGE
        return UploadedPart(value["file_id"], kind, cache_control=value.get("cache_control"))
    image = {"url": value["image_url"], "detail": value.get("detail")}
    return _image_url_part({**value, "image_url": image})


def _refusal_part(value: Mapping[str, Any]) -> TextPart:
    return TextPart(str(value["refusal"]))


def _thinking_part(value: Mapping[str, Any]) -> ReasoningPart:
    if isinstance(value["thinking"], list):
        # https://docs.mistral.ai/capabilities/reasoning/
        texts = [str(piece.get("text") or "") for piece in value["thinking"]]
        return ReasoningPart("".join(texts), dialect="openai_chat")
    return ReasoningPart(value["thinking"], value.get("signature"), dialect="anthropic")


def _redacted_thinking_part(value: Mapping[str, Any]) -> ProviderPart:
    return ProviderPart("anthropic", {"type": value["type"], "data": value["data"]})


def _input_audio_part(value: Mapping[str, Any]) -> AudioPart:
    audio = value["input_audio"]
    kind = {"mp3": "mpeg"}.get(audio["format"], audio["format"])
    return AudioPart(audio["data"], f"audio/{kind}", value.get("cache_control"))


_PARTS: dict[Any, Callable[[Mapping[str, Any]], Part]] = {
    "text": _text_part,
    "image_url": _image_url_part,
    "image": _image_part,
    "document": _document_part,
    "file": _file_part,
    "input_audio": _input_audio_part,
    "input_text": _text_part,
    "input_image": _input_image_part,
    "input_file": _input_file_part,
    "thinking": _thinking_part,
    "redacted_thinking": _redacted_thinking_part,
    "refusal": _refusal_part,
}


def image_from_url(url: str, detail: str | None = None) -> ImagePart:
    """Build the image for a URL; a data: URL is decoded into media type and data.

    Raises:
        ValidationError: The URL is neither http(s) nor base64 data.
    """
    if url.startswith(("http://", "https://")):
        return ImagePart(url=url, detail=detail)
    given = media_type_and_data(url)
    if given is None:
        raise ValidationError(
            f"not an image URL: {url[:40]!r}; use http(s), or data:TYPE;base64,DATA"
        )
    media_type, data = given
    fault = base64_fault(data)
    if fault is not None:
        raise ValidationError(f"the image's data URL is not base64: {fault}")
    return ImagePart(data=data, media_type=media_type, detail=detail)
