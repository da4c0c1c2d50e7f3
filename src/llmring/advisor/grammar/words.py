"""The words that the grammar drops, spells out, or never takes for a name."""

from __future__ import annotations

# Courtesies and other words that do not change a request.
FILLERS = frozenset(
    """
    please pls plz its kindly just simply now also too the a an my our your well ok okay so hey hi
    hello thanks thx cheers actually really always currently directly immediately asap
    yeah alright great perfect nice cool
    """.split()  # noqa: SIM905 -- as a list, one word a line
)
FILLER_PHRASES: tuple[tuple[str, ...], ...] = tuple(
    tuple(phrase.split())
    for phrase in (
        "go ahead and",
        "go ahead",
        "and thank you",
        "and thanks",
        "thank you",
        "thanks in advance",
        "for me",
        "for us",
        "as well",
        "right now",
        "right away",
        "from now on",
        "for now",
        "at the moment",
        "if possible",
        "if you can",
        "of course",
        "by the way",
        "as soon as possible",
        "once again",
        "so far",
        "in the future",
        "good morning",
        "out of the box",
    )
)

CONTRACTIONS: dict[str, str] = {
    "what's": "what is",
    "whats": "what is",
    "which's": "which is",
    "who's": "who is",
    "how's": "how is",
    "where's": "where is",
    "it's": "it is",
    "that's": "that is",
    "there's": "there is",
    "let's": "let us",
    "lets": "let us",
    "i'd": "i would",
    "we'd": "we would",
    "i'm": "i am",
    "we're": "we are",
    "i've": "i have",
    "we've": "we have",
    "i'll": "i will",
    "we'll": "we will",
    "don't": "do not",
    "dont": "do not",
    "doesn't": "does not",
    "doesnt": "does not",
    "didn't": "did not",
    "can't": "can not",
    "cannot": "can not",
    "cant": "can not",
    "won't": "will not",
    "wouldn't": "would not",
    "couldn't": "could not",
    "shouldn't": "should not",
    "mustn't": "must not",
    "isn't": "is not",
    "aren't": "are not",
    "haven't": "have not",
    "hasn't": "has not",
}

# One spelling for words that are written in several ways.
SPELLINGS: dict[str, str] = {
    "u": "you",
    "fall-back": "fallback",
    "backup": "fallback",
    "back-up": "fallback",
    "failover": "fallback",
    "fail-over": "fallback",
    "fall-backs": "fallbacks",
    "backups": "fallbacks",
    "back-ups": "fallbacks",
    "failovers": "fallbacks",
    "time-out": "timeout",
    "timeouts": "timeout",
    "&": "and",
    "+": "and",
    "=>": "->",
    "→": "->",
    "\u2014": ",",
    "\u2013": ",",
    "-": ",",
    "tell": "show",
    "llm": "model",
    "llms": "models",
    "reqs": "requests",
    "req": "request",
    "usd": "dollars",
    "dollar": "dollars",
    "pics": "images",
    "utilize": "use",
    "utilise": "use",
    "employ": "use",
    "utilizes": "uses",
    "employs": "uses",
    "modify": "change",
    "alter": "change",
    "must": "should",
    "shall": "should",
    "ceiling": "limit",
    "gpt4o": "gpt-4o",
    "safeguard": "fallback",
    "strip": "remove",
}

# Words that mean "should" behind an alias, but not behind the words that follow them here.
OBLIGATIONS: tuple[tuple[str, ...], ...] = (
    ("has", "to"),
    ("have", "to"),
    ("needs", "to"),
    ("need", "to"),
    ("ought", "to"),
    ("is", "to"),
    ("are", "to"),
    ("is", "supposed", "to"),
    ("are", "supposed", "to"),
    ("is", "meant", "to"),
    ("is", "required", "to"),
    ("had", "better"),
)
NO_SUBJECTS = frozenset(
    """
    i we you they he she do does did to will would may might not which what who that
    """.split()  # noqa: SIM905 -- as a list, one word a line
)

# Words in the place of a name that are not names; only quotation marks make them one.
NOT_NAMES = frozenset(
    """
    i you he she we they me us him them it its this that these those one ones everyone someone
    anyone everything something anything nothing all both each every any some none no not never
    and or but nor of to in on at for from with without by as into onto behind under over per
    than then if when while because until unless so is are was were be been being am do does did
    has have had having can could will would shall should may might must need needs
    what which who whom whose how why where when whether
    go goes place use uses using used set sets bind binds bound add adds remove delete drop
    change switch make
    put give let keep call name rename replace copy create limit cap retry move point run
    model models alias aliases profile profiles fallback fallbacks provider providers vendor vendors
    environment environments lockfile binding bindings
    request requests call calls token tokens second seconds minute minutes hour hours day days
    week month year today tomorrow yesterday later soon tonight weekend
    monday tuesday wednesday thursday friday saturday sunday morning evening afternoon
    timeout timeouts budget rpm tpm retries concurrency limit limits strategy context price prices
    cost costs money dollars cents same other another different else more less most least
    first second third last primary main instead again only maybe perhaps possibly probably
    exactly about around there here everywhere anywhere wherever nowhere boss team everybody
    named called up down off out over finally lastly also
    """.split()  # noqa: SIM905 -- as a list, one word a line
)

# Environments that people name before a profile exists.
ENVIRONMENTS = frozenset(
    [
        "dev",
        "development",
        "test",
        "tests",
        "testing",
        "staging",
        "stage",
        "prod",
        "production",
        "ci",
        "qa",
        "preview",
        "local",
    ]
)
USUAL_PROFILES = ENVIRONMENTS | frozenset(
    """
    canary demo sandbox nightly uat integration eu us asia emea apac europe cheap offline premium
    experimental experiment beta alpha batch internal external customer customers free pro budget
    default debug benchmark research notebook laptop remote cloud edge web mobile backend frontend
    """.split()  # noqa: SIM905 -- as a list, one word a line
)
SHORT_ENVIRONMENTS = {
    "development": "dev",
    "production": "prod",
    "testing": "test",
    "tests": "test",
}

# Words of model names that are common words, too: alone, they name no model.
COMMON_MODEL_WORDS = frozenset(
    """
    fast mini small large medium vision pro code instant max deep research audio embedding text
    preview lite super ultra spark open build air plus thinking reasoning non multi agent latest
    versatile highspeed turbo oss command all ember nova snowflake meta exp instruct embed
    databricks nvidia base default local o coder scout arctic
    """.split()  # noqa: SIM905 -- as a list, one word a line
)
