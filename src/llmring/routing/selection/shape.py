"""The shape of a request: the features that decide which models can serve it."""

from __future__ import annotations

from collections.abc import Sequence, Set

import msgspec
from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import TextPart
from llmring.lockfile.document import ModelRef
from llmring.registry.catalog import Capability
from llmring.routing.policy import Policy
from llmring.routing.selection.api import by_api
from llmring.routing.selection.filters import capable, prompt_room
from llmring.routing.selection.fit import forces_a_tool, needs_of
from llmring.routing.selection.own_parts import for_api
from llmring.routing.selection.prepare import Prepared, chat
from llmring.routing.stream_resume import StreamProgress
from llmring.routing.targets import Skip, Target


class RequestShape(Struct, frozen=True):
    """The features of a request that decide which models can serve it.

    Attributes:
        needs: The capabilities that a model must have.
        media: Whether the messages hold anything other than text.
        forced: Whether a tool has to be called.
        adjustable: Whether it has settings that some models do not take.
        limited: Whether it limits the length of the answer.
    """

    needs: frozenset[Capability] = frozenset()
    media: bool = False
    forced: bool = False
    adjustable: bool = False
    limited: bool = False


class ShapedModels(Struct, frozen=True):
    """The models of an alias for requests of one shape.

    Attributes:
        candidates: The models, with skips in place of those that can't serve the shape.
        room: Tokens of the longest prompt that all of them take; None for no known limit.
        longest: Tokens of the longest answer that all of them give; None for no known limit.
        unchanged: The models that get such a request exactly as it is.
    """

    candidates: Sequence[Target | Skip]
    room: int | None
    longest: int | None
    unchanged: Set[ModelRef]

    def prepared(
        self,
        request: ParsedRequest,
        progress: StreamProgress | None,
        target: Target,
        *,
        stream: bool,
    ) -> Prepared:
        """Make the request for a model; see `chat` for the arguments.

        Raises:
            UnsupportedFeatureError: The model can't serve the request.
        """
        if target.ref in self.unchanged and (progress is None or not progress.resumes):
            lost: tuple[str, ...] = ()
            sent = request
            if request.tools or request.extra_params or request.own is not None:
                if request.verbatim is not None:
                    return chat(request, stream=stream, progress=progress)(target)
                target = by_api(request, target)
                sent, lost = for_api(request, target.dialect, target.quirks)
            http = target.encode(sent, stream=stream)
            most = target.quirks.limits.request
            if most is None or len(http.body) <= most:
                return Prepared(http, (*lost, *http.notes) if lost else http.notes, target)
        return chat(request, stream=stream, progress=progress)(target)

    def hold(self, request: ParsedRequest, characters: int) -> bool:
        """Return True if the request fits all models for certain, without counting tokens.

        Args:
            request: The request.
            characters: The characters of its text; no token is shorter than one.
        """
        if self.room is not None and characters > self.room:
            return False
        most = request.max_tokens
        return most is None or self.longest is None or most <= self.longest


def measured(request: ParsedRequest) -> tuple[RequestShape, int]:
    """Return the shape of a request, and the number of characters of its text."""
    characters = 0
    media = mixed = False
    for turn in request.turns:
        content = turn.content
        if isinstance(content, str):
            characters += len(content)
        elif content:
            mixed = True
            for part in turn.parts:
                if isinstance(part, TextPart):
                    characters += len(part.text)
                else:
                    media = True
    shape = RequestShape(
        needs=needs_of(request) if mixed or request.tools else _NO_NEEDS,
        media=media,
        forced=request.choice is not None and forces_a_tool(request),
        adjustable=not (
            request.temperature is None and request.top_p is None and request.reasoning is None
        ),
        limited=request.max_tokens is not None,
    )
    return shape, characters


_NO_NEEDS: frozenset[Capability] = frozenset()


class ModelsByShape:
    """The models of an alias, worked out once for each shape of request.

    Args:
        candidates: The models, in the order in which they are tried.
        policy: The policy of the alias.
    """

    __slots__ = ("_candidates", "_policy", "_shaped")

    def __init__(self, candidates: Sequence[Target | Skip], policy: Policy) -> None:
        self._candidates = candidates
        self._policy = policy
        self._shaped: dict[RequestShape, ShapedModels] = {}

    def fit_for(self, request: ParsedRequest) -> ShapedModels:
        """Return the models for a request."""
        shape, characters = measured(request)
        found = self._shaped.get(shape)
        if found is None:
            found = _shaped(self._candidates, shape, request, self._policy)
            self._shaped[shape] = found
        if found.hold(request, characters):
            return found
        rest = capable(self._candidates, request, self._policy)
        # The limit of a client's program may have to be lowered.
        unchanged = found.unchanged if request.own is None else frozenset[ModelRef]()
        return ShapedModels(rest, found.room, found.longest, unchanged)


def _shaped(
    candidates: Sequence[Target | Skip], shape: RequestShape, request: ParsedRequest, policy: Policy
) -> ShapedModels:
    """Work out the models for requests of a shape.

    Args:
        candidates: The models, in any order.
        shape: The shape.
        request: Any request of this shape; its length does not matter.
        policy: The policy of the alias.
    """
    any_length = msgspec.structs.replace(request, max_tokens=None)
    found = capable(candidates, any_length, policy, tokens=0)
    models = [each for each in found if isinstance(each, Target)]
    # Includes models that can't serve the shape, as their size is one more reason to report.
    targets = [each for each in candidates if isinstance(each, Target)]
    known = [each.facts for each in targets if each.facts is not None]
    return ShapedModels(
        candidates=found,
        room=min(filter(None, map(prompt_room, known)), default=None),
        longest=min(filter(None, (facts.max_output for facts in known)), default=None),
        unchanged={each.ref for each in models if _takes_unchanged(each, shape)},
    )


def _takes_unchanged(target: Target, shape: RequestShape) -> bool:
    """Return True if `fit` changes nothing in requests of this shape for this model."""
    provider = target.endpoint.provider
    if provider.prepare is not None or shape.media:
        return False
    return target.facts is None or (
        not shape.adjustable and (shape.limited or not provider.quirks.needs_max_tokens)
    )
