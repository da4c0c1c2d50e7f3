"""Questions about the lockfile: its aliases, profiles, limits, and the providers."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intent_parts import AliasPhrase
from llmring.advisor.grammar.intents import (
    Ask,
    AskAliases,
    AskHelp,
    AskOutage,
    AskProfiles,
    AskProviders,
    AskRetirement,
    AskUsers,
)
from llmring.advisor.grammar.questions.cost_questions import SHOW, subject

Clause = tuple[Ask, ...]


def _show(v: Values) -> Clause:
    return (AskAliases(AliasPhrase(scope="all", profile=v.get("where"))),)


def _one_alias(v: Values) -> Clause:
    return (AskAliases(subject(v)),)


RULES: dict[str, tuple[Rule, ...]] = {
    "lockfile": rules(
        (
            "(do|does) any [of] (aliases|alias|them|bindings) (lack|miss|have no|have "
            "only one model|not have) [any] [fallback|fallbacks]",
            lambda _: (AskUsers(),),
        ),
        (
            "(explain|describe|show me about|what about) [what|how] <who> [is|does|works|uses]",
            _one_alias,
        ),
        (
            "(what|which) (aliases|alias|bindings) [do i have|do we have|are there|exist|"
            "are defined|are set|are bound|have we got|have i got|are in lockfile|are in "
            "it] [<where>]",
            _show,
        ),
        (
            f"{SHOW} [me] [all|every] (aliases|bindings|lockfile|everything|alias|current "
            "aliases|what i have|what we have|setup|configuration|config|current state) "
            "[<where>]",
            _show,
        ),
        (
            f"{SHOW} [me] (<named_profile:place>|profile <named_profile:profile_name>|"
            "<named_profile:profile_name> profile)",
            lambda v: (AskAliases(AliasPhrase(scope="all", profile=v["named_profile"])),),
        ),
        (f"{SHOW} [me] <who> [settings]", _one_alias),
        (
            f"{SHOW} [me] (aliases|bindings) of [profile] <named_profile:profile_name> [profile]",
            lambda v: (AskAliases(AliasPhrase(scope="all", profile=v["named_profile"])),),
        ),
        (
            "what is in [profile] <named_profile:place> [profile]",
            lambda v: (AskAliases(AliasPhrase(scope="all", profile=v["named_profile"])),),
        ),
        ("what is in [lockfile]", _show),
        (
            "what (do i have|do we have|have i got|is there|is configured|is set up|is "
            "bound|does lockfile contain|does it look like|have we got) [<where>]",
            _show,
        ),
        (
            "what (is|are) <who> [bound to|set to|pointing to|pointing at|using|mapped "
            "to|for|running|running on]",
            _one_alias,
        ),
        (
            "(what|which model|which models|which) (does|do|is|are|will) <who> (use|"
            "using|call|point to|point at|run|run on|resolve to|map to|bound to|have|"
            "running on|go to)",
            _one_alias,
        ),
        (
            "(which|what) (model|models) (is|are) (behind|in|of|used by|used for|bound "
            "to|for|used in|behind alias) <who>",
            _one_alias,
        ),
        (
            f"{SHOW} [me] [all] (limits|policies|settings|models|budgets|timeout|"
            "fallbacks) [<where>]",
            _show,
        ),
        (
            "(what|which) (limit|limits|policies|settings|budgets) (are set|are there|do "
            "i have|do we have|are in place|exist|apply)",
            _show,
        ),
        (
            "(what happens|what would happen|what breaks|what would break|what would fail|"
            "what fails|what stops working|"
            "what) [to aliases|to alias|to everything|to calls|with aliases] if <provider> (goes "
            "down|is down|fails|has outage|breaks|is unavailable) [today|tomorrow|tonight]",
            lambda v: (AskOutage(v["provider"]),),
        ),
        (
            "(which|what) [of] (aliases|alias) (depend only on|depends only on|only use|"
            "only uses|break if|breaks if|fail if|rely on|rely only on|are affected if) "
            "<provider> [goes down|is down|fails|only]",
            lambda v: (AskOutage(v["provider"]),),
        ),
        (
            "(what|which) (limit|limits|policy|policies|settings|timeout|budget|rpm|"
            "retries|fallback|fallbacks) (does|do|has|have|is set for|are set for|are "
            "there for|is there for|apply to|applies to|is on|are on) [<who>] [have|has]",
            _one_alias,
        ),
        (
            "(what is|what are|show|show me) (limit|limits|policy|policies|"
            "settings|timeout|budget|daily budget|rpm|tpm|retries|fallback|fallbacks|"
            "model|models|binding|configuration|setup|primary model|first model|"
            "concurrency) (of|for|on|in) <who>",
            _one_alias,
        ),
        (
            "(does|do|has|is) <who> (have|got|has) [any] (fallback|fallbacks|limit|"
            "limits|timeout|budget|limited)",
            _one_alias,
        ),
        (
            "(which|what|how many) [of] (aliases|alias|of them) (go|would go|will go|are|would be|"
            "stop|would stop|fail|would fail|break|would break|survive|would survive|would be left|"
            "would still work|would keep working) [down|affected|hit|stuck|working] [if|when|with|"
            "because of|without] <provider> [is|goes|were|went|fails|has|had|have] [down|offline|"
            "outage|problems]",
            lambda v: (AskOutage(v["provider"]),),
        ),
        (
            "(what is|what are|show|show me|explain) (difference|differences) between [profile|"
            "profiles] <one:place> and <two:place> [profiles]",
            lambda v: tuple(
                AskAliases(AliasPhrase(scope="all", profile=each)) for each in (v["one"], v["two"])
            ),
        ),
        (
            "(compare) [profile|profiles] <one:place> (and|with|to) <two:place> [profiles]",
            lambda v: tuple(
                AskAliases(AliasPhrase(scope="all", profile=each)) for each in (v["one"], v["two"])
            ),
        ),
        (
            "(which|what) [of] (aliases|alias) (break|breaks|will break|stop|stops|will stop|fail|"
            "fails|will fail|are affected|is affected|will be affected|would break) [working] "
            "(when|if|once|by retirement of) <model:spoken> (is retired|retires|goes away|is shut "
            "down|is removed|is gone|goes|is turned off)",
            lambda v: (
                AskUsers(v["model"]),
                AskRetirement(AliasPhrase(scope="all"), (v["model"],)),
            ),
        ),
        (
            "(which|what) [of] (aliases|alias) (have|has|is|are|got) (no|without) [any] "
            "(fallback|fallbacks)",
            lambda _: (AskUsers(),),
        ),
        (
            "(which|what) [of] (aliases|alias) (lack|lacks|do not have|have only one "
            "model|miss) [any] [fallback|fallbacks]",
            lambda _: (AskUsers(),),
        ),
        (
            "(is there|are there|do i have|do we have|have i got) [any] (alias|aliases|bindings) "
            "(without|with no|lacking|that lack|that lacks) [any] (fallback|fallbacks)",
            lambda _: (AskUsers(),),
        ),
        ("do all aliases have [fallback|fallbacks]", lambda _: (AskUsers(),)),
        (
            "(which|what) [of] (alias|aliases|bindings) (use|uses|is using|are using|"
            "depend on|depends on|is bound to|are bound to|has|have|point to|points to|"
            "run on|runs on|call|contain|contains) <model:spoken>",
            lambda v: (AskUsers(v["model"]),),
        ),
        (
            "(which|what) [of] (alias|aliases|bindings) (use|uses|is using|are using|"
            "depend on|depends on|is bound to|are bound to|run on|runs on|call) "
            "<provider> [models|model]",
            lambda v: (AskUsers(None, v["provider"]),),
        ),
        (
            "where (is|do i use|do we use|are) <model:spoken> [used|in use]",
            lambda v: (AskUsers(v["model"]),),
        ),
        ("(who uses|what uses) <model:spoken>", lambda v: (AskUsers(v["model"]),)),
        (
            "(is|are) (anything|any alias|any aliases|something) [still] (using|bound to|"
            "on) <model:spoken>",
            lambda v: (AskUsers(v["model"]),),
        ),
    ),
    "profiles_question": rules(
        (
            "(what|which) (profiles|profile|environments) [do i have|do we have|are "
            "there|exist|are defined|have i got|is default|is active|am i editing|is "
            "being edited|is used|are set up]",
            lambda _: (AskProfiles(),),
        ),
        (f"{SHOW} [me] [all] (profiles|environments|all profiles)", lambda _: (AskProfiles(),)),
        ("how many profiles (are there|do i have|do we have|exist)", lambda _: (AskProfiles(),)),
    ),
    "providers_question": rules(
        (
            "(which|what) (providers|provider|vendors|keys|api keys|models) [can i use|"
            "can i call|do i have|are set|are available|work|work here|have key|have "
            "keys|can be used|can be called|are usable|do i have keys for|do we have "
            "keys for|are configured|can i use here|do i have key for]",
            lambda _: (AskProviders(),),
        ),
        (
            f"{SHOW} [me] [all] (providers|vendors|keys|available providers)",
            lambda _: (AskProviders(),),
        ),
        (
            "(do i have|do we have|is|are|have i got) [there] [any] (key|keys|api key) "
            "(for|of|from) <provider> [set]",
            lambda _: (AskProviders(),),
        ),
        ("is <provider> (set up|available|usable|configured)", lambda _: (AskProviders(),)),
    ),
    "help": rules(
        (
            "(help|help me|what can you do|what do you do|what can i ask|"
            "how does it work|how does this work|what do you understand|who are you|what "
            "are you|how do i use you|how do i use this|what are "
            "options|commands|examples|show me examples|how can you help|what can you "
            "help with|what is possible)",
            lambda _: (AskHelp(),),
        ),
    ),
}
