"""Python functions as tools: their schema, the parsing of arguments, the encoding of results."""

import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, ParamSpec, TypeVar, get_args, get_origin, overload

import msgspec
from msgspec import UNSET, Struct

from llmring.chat.json_text import json_bytes
from llmring.chat.parts import Part
from llmring.chat.tools import Tool
from llmring.exceptions import ValidationError

P = ParamSpec("P")
R = TypeVar("R")

_REFUSED = {
    inspect.Parameter.POSITIONAL_ONLY: "takes {name!r} by position only",
    inspect.Parameter.VAR_POSITIONAL: "takes *{name}",
    inspect.Parameter.VAR_KEYWORD: "takes **{name}",
}

# https://platform.openai.com/docs/api-reference/chat/create; other vendors allow at least these.
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}")


class FunctionTool(Tool, Generic[P, R], frozen=True, kw_only=True, dict=True):
    """A tool backed by a Python function; calling it calls the function.

    Attributes:
        function: The function.
        arguments: The type that a call's JSON is decoded into, with a field for each parameter.
    """

    __module__ = "llmring"

    function: Callable[P, R]
    arguments: type[Struct]

    def __post_init__(self) -> None:
        # The struct is frozen, but its dictionary is not.
        for name in functools.WRAPPER_ASSIGNMENTS:
            if hasattr(self.function, name):
                vars(self)[name] = getattr(self.function, name)
        vars(self)["__wrapped__"] = self.function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function."""
        return self.function(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> "FunctionTool[..., R]":
        """Bind the tool of a method to an object."""
        bind = getattr(self.function, "__get__", None)
        if instance is None or bind is None:
            return self
        return msgspec.structs.replace(self, function=bind(instance, owner))

    def keywords(self, arguments: str) -> dict[str, Any]:
        """Decode the JSON arguments of a model's call into keyword arguments.

        Omitted arguments are omitted here too, so that the function's own defaults apply.

        Raises:
            ValidationError: The text is not a JSON object, or does not fit the parameters.
        """
        try:
            # Models write 3.0 or "3" for an integer; both are unambiguous.
            found = msgspec.json.decode(
                arguments or "{}", type=self.arguments, strict=False, dec_hook=_read_foreign
            )
        except msgspec.DecodeError as error:
            raise ValidationError(f"the arguments do not fit {self.name}: {error}") from error
        given = ((name, getattr(found, name)) for name in self.arguments.__struct_fields__)
        return {name: value for name, value in given if value is not UNSET}


@overload
def tool(function: Callable[P, R], /) -> FunctionTool[P, R]: ...
@overload
def tool(
    *, name: str | None = None, description: str | None = None, strict: bool | None = None
) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...


def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool | None = None,
) -> Any:
    """Make a Python function a tool that a model may call; usable as a decorator.

    The schema of the parameters comes from their type hints: all types that msgspec supports,
    pydantic models, `Annotated[int, "description"]`, `Annotated[int, msgspec.Meta(ge=1)]`. A
    parameter with a default is optional. Descriptions come from the docstring; its "Args:"
    describe the parameters.

    Args:
        function: The function, sync or async. It can still be called as before.
        name: The name that the model sees; defaults to the function's name.
        description: The description that the model sees; defaults to the docstring.
        strict: True to ask the provider to enforce the schema.

    Raises:
        ValidationError: The function has parameters or types that have no schema.
    """
    if function is None:
        return lambda given: _tool(given, name, description, strict)
    return _tool(function, name, description, strict)


def _tool(
    function: Callable[P, R], name: str | None, description: str | None, strict: bool | None
) -> FunctionTool[P, R]:
    name = name or str(getattr(function, "__name__", ""))
    if isinstance(function, type) or not _NAME.fullmatch(name):
        raise ValidationError(
            f"{function!r} is not a function with a valid tool name; wrap it in a function, or "
            "name it: tool(name=…)(function)"
        )
    parameters = _parameters(function, name)
    arguments = _arguments(function, name, parameters)
    text, of_parameters = _documented(function)
    return FunctionTool(
        name=name,
        description=text if description is None else description,
        parameters=_schema(arguments, name, parameters, of_parameters),
        strict=strict,
        function=function,
        arguments=arguments,
    )


def _parameters(function: Callable[..., Any], name: str) -> Mapping[str, inspect.Parameter]:
    try:
        parameters = dict(inspect.signature(function, eval_str=True).parameters)
    except (NameError, AttributeError, TypeError, SyntaxError, ValueError) as error:
        raise ValidationError(f"cannot read the type hints of {name}: {error}") from error
    if _is_method_in_class(function):
        parameters.pop(next(iter(parameters), ""), None)
    for parameter in parameters.values():
        if parameter.kind in _REFUSED:
            how = _REFUSED[parameter.kind].format(name=parameter.name)
            raise ValidationError(
                f"{name} can't be a tool: it {how}, but models pass arguments by name"
            )
    return parameters


def _is_method_in_class(function: Callable[..., Any]) -> bool:
    """Return True for a function defined in a class body, which takes the object first."""
    if not inspect.isfunction(function):
        return False
    scope = function.__qualname__.rpartition(".")[0]
    first = next(iter(inspect.signature(function).parameters), "")
    return bool(scope) and not scope.endswith("<locals>") and first in ("self", "cls")


def _arguments(
    function: Callable[..., Any], name: str, parameters: Mapping[str, inspect.Parameter]
) -> type[Struct]:
    fields: list[tuple[str, Any, Any]] = []
    for parameter in parameters.values():
        hint = Any if parameter.annotation is parameter.empty else parameter.annotation
        # An omitted argument is not passed, so that the function's own default applies.
        optional = msgspec.field(default_factory=lambda: UNSET)
        required = parameter.default is parameter.empty
        fields.append((parameter.name, hint, msgspec.field() if required else optional))
    return msgspec.defstruct(
        f"{name} arguments",
        fields,
        module=getattr(function, "__module__", None),
        kw_only=True,
        forbid_unknown_fields=True,
    )


def _schema(
    arguments: type[Struct],
    name: str,
    parameters: Mapping[str, inspect.Parameter],
    described: Mapping[str, str],
) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    try:
        whole = msgspec.json.schema(arguments, schema_hook=functools.partial(_foreign, nested))
    except (TypeError, NameError, AttributeError) as error:
        raise ValidationError(f"cannot make a schema of the parameters of {name}: {error}") from (
            error
        )
    definitions: dict[str, Any] = whole["$defs"]
    schema: dict[str, Any] = definitions.pop(whole["$ref"].rpartition("/")[2])
    del schema["title"]
    properties = schema["properties"]
    for each in parameters.values():
        text = _annotated(each.annotation) or described.get(each.name)
        if text:
            properties[each.name].setdefault("description", text)
        if type(each.default) in (bool, int, float, str):
            properties[each.name].setdefault("default", each.default)
    return schema | ({"$defs": definitions | nested} if definitions or nested else {})


def _annotated(hint: Any) -> str | None:
    """Return the description in an `Annotated` type: a string, or an object's `description`."""
    if get_origin(hint) is not Annotated:
        return None
    for extra in get_args(hint)[1:]:
        text = extra if isinstance(extra, str) else getattr(extra, "description", None)
        if text:
            return str(text)
    return None


def _documented(function: Callable[..., Any]) -> tuple[str | None, Mapping[str, str]]:
    """Return the docstring's description of the function, and of each parameter."""
    if inspect.isroutine(function):
        text = inspect.getdoc(function)
    else:
        # For a callable object, `__call__` is the function to describe.
        text = inspect.getdoc(getattr(type(function), "__call__", function))  # noqa: B004
    if not text:
        return None, {}
    import docstring_parser

    parsed = docstring_parser.parse(text)
    about = filter(None, (parsed.short_description, parsed.long_description))
    of_parameters = {
        each.arg_name: " ".join(each.description.split())
        for each in parsed.params
        if each.description
    }
    return "\n\n".join(about) or None, of_parameters


# Pydantic models are recognised by their methods, so that pydantic need not be installed.


def _foreign(nested: dict[str, Any], kind: Any) -> dict[str, Any]:
    """Return a pydantic model's schema; the schemas that it refers to are added to `nested`."""
    if not hasattr(kind, "model_json_schema"):
        raise TypeError(f"{kind!r} has no JSON form")
    prefix = f"{kind.__name__}."
    schema: dict[str, Any] = kind.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    for name, definition in schema.pop("$defs", {}).items():
        nested[prefix + name] = definition
    return schema


def _read_foreign(kind: Any, value: Any) -> Any:
    return kind.model_validate_json(msgspec.json.encode(value))


def _write_foreign(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


def result_content(result: Any) -> str | Sequence[Part]:
    """Encode a function's result as message content: text and parts unchanged, all else as JSON.

    Raises:
        ValidationError: The result cannot be written as JSON.
    """
    if isinstance(result, str):
        return result
    several = result if isinstance(result, list | tuple) else (result,)
    if several and all(isinstance(each, Part) for each in several):
        return list(several)
    try:
        return json_bytes(result, _write_foreign).decode()
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise ValidationError(f"the result can't be given to the model: {error}") from error
