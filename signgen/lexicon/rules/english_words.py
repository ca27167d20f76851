"""English function words, as the English rule sets need them."""

from __future__ import annotations

from collections.abc import Mapping

from signgen.lexicon.keys import listed

ARTICLES = frozenset(listed("a an the"))
BE = frozenset(listed("am is are was were be been being"))
DO = frozenset(listed("do does did"))
HAVE = frozenset(listed("have has had"))
MODALS = frozenset(listed("can could will would shall should may might must"))
AUXILIARIES = BE | DO | HAVE | MODALS
WH = frozenset(listed("what who whom whose where when why how which"))
SUBJECTS = frozenset(listed("i you he she it we they"))
SUBORDINATORS = frozenset(listed("because although though while unless if"))
COORDINATORS = frozenset(listed("and but or so"))
# They stay in front of a fronted time adverbial.
LEADERS = COORDINATORS | SUBORDINATORS | frozenset(listed("hello hi hey yes yeah no ok okay oh well please"))
NEGATIVES = frozenset(listed("never no none nothing nobody nowhere neither nor without"))
PREPOSITIONS = frozenset(listed("in on at by to from with for of about into after before under over"))

# Glosses of pointing signs as lexicons write them, best first; then the English word.
PRONOUNS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("i", "me"), ("IX-1", "IX1", "PRO-1", "PRO1", "ME", "I")),
    "you": ("IX-2", "IX2", "PRO-2", "PRO2", "YOU"),
    **dict.fromkeys(("he", "him", "she", "it"), ("IX-3", "IX3", "PRO-3", "PRO3", "IX", "HE", "SHE", "IT")),
    **dict.fromkeys(("we", "us"), ("IX-1P", "IX-1PL", "PRO-1PL", "WE", "US")),
    **dict.fromkeys(("they", "them"), ("IX-3P", "IX-3PL", "PRO-3PL", "THEY", "THEM")),
    **dict.fromkeys(("my", "mine"), ("POSS-1", "POSS1", "MY", "MINE")),
    **dict.fromkeys(("your", "yours"), ("POSS-2", "POSS2", "YOUR")),
    **dict.fromkeys(("his", "hers", "its"), ("POSS-3", "POSS3", "HIS", "HER", "ITS")),
    **dict.fromkeys(("our", "ours"), ("POSS-1P", "POSS-1PL", "OUR")),
    **dict.fromkeys(("their", "theirs"), ("POSS-3P", "POSS-3PL", "THEIR")),
    "myself": ("SELF-1", "MYSELF"),
    "yourself": ("SELF-2", "YOURSELF"),
    **dict.fromkeys(("himself", "herself", "itself"), ("SELF-3", "HIMSELF", "HERSELF")),
}

# In capitals among other words these are names: the US, IT, the WHO.
NAMES_IN_CAPITALS = frozenset(listed("us it who may"))

# After 's these make it "is": "he's", "what's"; after other words it is a possessive, most of the time.
S_IS_IS = SUBJECTS | WH | frozenset(listed("that this there here everything everyone somebody nobody"))
# What may follow "is" and not a possessor.
AFTER_IS = (
    ARTICLES | PREPOSITIONS | frozenset(listed("not going very too so always never my your his her our here"))
)
# What cannot follow "her" where it is a possessive.
AFTER_HER = (
    PREPOSITIONS | COORDINATORS | ARTICLES | frozenset(listed("today tomorrow yesterday now again that this"))
)

UNITS = frozenset(
    listed(
        "second seconds minute minutes hour hours day days week weeks weekend weekends month months year years "
        "morning afternoon evening night noon midnight semester summer winter spring autumn fall century"
    )
)
WEEKDAYS = frozenset(
    listed("monday tuesday wednesday thursday friday saturday sunday christmas easter halloween thanksgiving")
)
MONTHS = frozenset(
    listed("january february march april may june july august september october november december")
)
TIME_WORDS = frozenset(listed("today tomorrow yesterday tonight now nowadays recently lately soon"))
TIME_DETERMINERS = frozenset(listed("this next last every each"))
NUMBER_WORDS = frozenset(
    listed(
        "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty hundred"
    )
)
QUANTITIES = NUMBER_WORDS | frozenset(listed("a an few several many couple some"))

# Verbs after "be going to" that make it the future; elsewhere "going to" is a way to a place.
VERBS = frozenset(
    listed(
        "add ask be become begin believe bring build buy call carry change check choose clean close come cook "
        "cut decide die do draw drink drive eat explain fall feel fight find finish fix fly forget get give go "
        "grow happen have hear help hold hurt keep know learn leave let like listen live look lose love make "
        "meet miss move need open pay play prepare put quit read remember rest return ride run say see sell "
        "send show sign sing sit sleep speak spend stand start stay stop study swim take talk teach tell think "
        "throw travel try turn understand use wait walk want wash watch wear win work write"
    )
)
PARTICIPLES = frozenset(
    listed(
        "become begun bought brought built caught chosen come cut done drawn driven drunk eaten fallen felt "
        "flown forgotten found given gone got gotten grown had heard held hurt kept known learnt left lost made "
        "met paid put read ridden run said seen sent shown slept sold spent spoken stood sung sworn swum taken "
        "taught thought thrown told understood woken won worn written"
    )
)
# A dummy "it" stands before these: "it is raining".
DUMMY_IT = frozenset(
    listed("raining snowing sunny cloudy cold hot warm windy late early dark time noon midnight monday tuesday "
           "wednesday thursday friday saturday sunday")
)  # fmt: skip
