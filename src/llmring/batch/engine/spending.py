"""The limit of a job's cost: what is spent and set aside never exceeds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from llmring.chat.events import Usage
from llmring.exceptions import ConfigurationError
from llmring.registry.price import Unpriced, cost_of, dollars
from llmring.routing.account import Account, Budget
from llmring.routing.targets import Skip, Target

_ONE_EACH = Usage(prompt_tokens=1, completion_tokens=1)


def cost_account(job: str, run: str, max_cost: Decimal, spent: Decimal) -> Account:
    """Return the account that the calls of a run count for.

    Args:
        job: The ID of the job.
        run: A name of the run, unlike that of any other.
        max_cost: USD that the job may cost.
        spent: USD that earlier runs have cost.
    """
    return Account(
        key=f"batch:{job}:{run}",
        name=f"batch {job}",
        budgets=(Budget("total", max(Decimal(0), max_cost - spent)),),
        waits=False,
        is_hard=True,
    )


def require_prices(models: Sequence[Target | Skip], day: date) -> None:
    """Check that the prices of all models of an alias are known.

    Raises:
        ConfigurationError: The price of a model is unknown, so that no limit would hold.
    """
    for each in models:
        if isinstance(each, Target) and isinstance(cost_of(_ONE_EACH, each.facts, day), Unpriced):
            raise ConfigurationError(
                f"the price of {each.ref} is unknown, so --max-cost can't hold; enter it in the "
                "lockfile's [registry], or allow it with --allow-unknown-cost"
            )


def reached_message(max_cost: Decimal, spent: Decimal, estimate: Decimal) -> str:
    """Return the message of a job that has reached its limit of cost.

    Args:
        max_cost: USD that the job may cost.
        spent: USD that it has cost so far.
        estimate: USD that the next row may cost at most.
    """
    return (
        f"{dollars(spent)} of {dollars(max_cost)} are spent, and the next row may cost up to "
        f"{dollars(estimate)}; raise --max-cost, or limit the answers with --max-tokens"
    )
