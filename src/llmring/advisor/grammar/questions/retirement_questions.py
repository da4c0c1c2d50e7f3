"""Questions of retirement: "when does gpt-4o retire?"."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intent_parts import LEFT_OUT
from llmring.advisor.grammar.intents import Ask, AskRetirement
from llmring.advisor.grammar.questions.cost_questions import ALL, named_models, subject

Clause = tuple[Ask, ...]


def _retirement(v: Values) -> Clause:
    return (AskRetirement(subject(v) if "who" in v or "named" in v else ALL, named_models(v)),)


RULES: dict[str, tuple[Rule, ...]] = {
    "retirement": rules(
        (
            "is (lockfile|everything|setup|file) [still] (up to date|current|outdated|supported|"
            "fine|out of date)",
            _retirement,
        ),
        (
            "(what|which) [model] (is|are|would be) (replacement|successor|replacements|"
            "successors)",
            lambda _: (AskRetirement(LEFT_OUT),),
        ),
        (
            "(when|by when) (do|should) (i|we) [need to|have to] (replace|migrate "
            "from|migrate off|move off|stop using|leave|upgrade|get off|switch from|"
            "migrate away from) <named>",
            _retirement,
        ),
        (
            "(what|which model) (is replacing|will replace|comes after|follows|"
            "supersedes|is newer version of|is next after) <named>",
            _retirement,
        ),
        ("how long until <named> (retires|is retired|goes away|is shut down|expires)", _retirement),
        (
            "(is|are) (anything|something|any model|any alias|anything in lockfile) [of "
            "mine] (about to retire|retiring|being retired|deprecated|going away|retired|"
            "outdated|about to be retired|about to expire) [soon]",
            _retirement,
        ),
        (
            "(do|does|will) (i|we) (need|have) to (migrate|replace|change|upgrade|"
            "update) (anything|something|any model|any models|any aliases) [soon]",
            _retirement,
        ),
        (
            "(which|what) [of] [models|aliases|model] (need|needs|have|has|should) "
            "(to be|be) (replaced|migrated|upgraded|updated) [soon]",
            _retirement,
        ),
        (
            "(which|what) (models|aliases|model) (do|should|will) (i|we) (need to|"
            "have to) [replace|migrate|update|upgrade] [soon]",
            _retirement,
        ),
        (
            "(are|is) (all|every|each) [of] [models|aliases|them|model|alias] [in "
            "lockfile|in use] [still] (supported|available|up to date|current|alive|fine|"
            "maintained)",
            _retirement,
        ),
        (
            "(what|which) (retires|retire|is retiring|are retiring|gets retired|will "
            "retire|expires) [soon|next|this year|next year|first]",
            _retirement,
        ),
        (
            "(which|what) [of] (aliases|alias|models|model) (retire|retires|retiring|is "
            "retiring|are retiring|go away|goes away|expire|expires|will be gone|get "
            "shut down|is next to retire) [soon|next|this year|next year|first]",
            _retirement,
        ),
        (
            "(any|upcoming) (retirements|deprecations|retired models) [soon|coming|"
            "coming up|planned]",
            _retirement,
        ),
        ("(when|until when) (can|could) (i|we) [still] (use|call) <named>", _retirement),
        (
            "(when|until when) (will|does|do|is|are|was|did) <named> [be|get|being|"
            "getting] (retire|retired|retires|shut down|shut off|deprecated|removed|go "
            "away|discontinued|end|sunset|turned off|switched off|expire|die|going away|"
            "retiring)",
            _retirement,
        ),
        (
            "(when|until when) (will|does|do|is|are) [models of|model of|models in] "
            "<who> [be|get] (retire|retired|shut down|deprecated|go away|expire|going "
            "away)",
            _retirement,
        ),
        (
            "(is|are|will) <named> [be|being|getting|still|about to] (retired|retire|"
            "deprecated|supported|going away|available|shut down|discontinued|going to "
            "retire|going to be retired|outdated|obsolete|sunset|out of date|up to date|"
            "alive|expiring) [soon|this year|next year]",
            _retirement,
        ),
        (
            "(is|are|will) <who> [be|being|getting|still|about to] (retired|retire|"
            "deprecated|supported|going away|shut down|discontinued|outdated|obsolete|"
            "out of date|up to date) [soon|this year|next year]",
            _retirement,
        ),
        (
            "(is|are|will) (any|some) [of] [models|model|aliases|them|these|those|it] "
            "[be|being|getting|about to|going to be|going to] (retired|retire|deprecated|"
            "going away|shut down|discontinued|outdated|obsolete|retiring|expiring|"
            "affected by retirement) [soon|this year|next year]",
            _retirement,
        ),
        (
            "(which|what) [of] (models|model|aliases|alias|ones) [in lockfile|in use|i "
            "use|we use|do i use that] (are|is|will be|will|get|gets) [be|being|getting|"
            "about to|going to be|going to|affected by] (retired|retire|deprecated|going "
            "away|shut down|discontinued|outdated|obsolete|retiring|expiring|retirement|"
            "retirements) [soon|this year|next year]",
            _retirement,
        ),
        (
            "(do|does) (any|some) [of] (models|aliases|them) retire [soon|this year|next year]",
            _retirement,
        ),
        (
            "(which|what) [of] (models|aliases) (retire|will retire|use retired models|"
            "use deprecated models|use retiring models|have retired models) [soon|this "
            "year|next year]",
            _retirement,
        ),
        (
            "(are there|do i have|do we have|is there) [any] (retired|deprecated|"
            "outdated|retiring|obsolete) (models|model|aliases) [in lockfile|in use]",
            _retirement,
        ),
        (
            "(does|do) any [of] [aliases|alias|them] [still] (use|have|contain) [any] "
            "(retired|deprecated|outdated|retiring|obsolete) (models|model)",
            _retirement,
        ),
        (
            "(does|do|has|have) <who> [still] (use|have|contain) [any] (retired|"
            "deprecated|outdated|retiring|obsolete) (models|model)",
            _retirement,
        ),
        (
            "(what is|when is|show|show me|what are) (retirement|deprecation|end of life|"
            "end-of-life|shutdown|retirement date|end of life date|deprecation date|"
            "sunset date|retirement dates) [date|dates] (of|for) <named>",
            _retirement,
        ),
        (
            "(what is|when is|show|show me|what are) (retirement|deprecation|end of life|"
            "retirement date|retirement dates) [date|dates] (of|for) <who>",
            _retirement,
        ),
        (
            "(check|check for|look for|find|list|show|show me) [any] (retired|deprecated|"
            "outdated|retiring|obsolete|upcoming) (models|aliases|model|retirements)",
            _retirement,
        ),
        (
            "(what|which model) (replaces|succeeds|should replace|is successor of|is "
            "replacement for|will replace) <named>",
            _retirement,
        ),
        ("(what is|who is) (successor|replacement) (of|for|to) <named>", _retirement),
        (
            "how long (will|is|does) <named> [be|stay|still|remain] (available|supported|"
            "around|last|live)",
            _retirement,
        ),
    ),
}
