"""How people say that they, or others, are in danger: words that make somebody look, in the languages they use."""

import re
from collections.abc import Iterator, Mapping

from affectory.transforms.text._spans import Span

_SUICIDE = (
    r"\bsuicid\w*",
    r"\b(?:kill|killing|end|ending|hang|hanging|shoot|shooting|drown|drowning) (?:my|him|her|your|them)sel\w+",
    r"\b(?:want|wants|wanted|wanna|going|ready|plan\w*) (?:to )?(?:die|be dead|not wake up|not exist)\b",
    r"\bwish (?:i (?:could|was|were) )?(?:die|dead)\b",
    r"\b(?:end|ending|take|taking|took) (?:it all|(?:my|his|her|their|your)(?: own)? life)\b", r"\bkms\b",
    r"\bunalive\w*", r"\bbetter off (?:dead|without me)\b", r"\bno (?:reason|point) (?:to|in) liv(?:e|ing)\b",
    r"\bdon['’]?t want to (?:live|be here|be alive|exist)\b", r"\bselbstmord\w*", r"\bsuizid\w*",
    r"\b(?:will|möchte|wollte) (?:\w+ ){0,3}(?:sterben|tot sein)\b",
    r"\b(?:mich|sich) (?:selbst )?um(?:zu)?(?:bringen|gebracht)\b", r"\bnicht mehr leben\b", r"\bme suicider",
    r"\b(?:veux|voudrais|voulais|envie de) (?:\w+ )?(?:mourir|en finir)\b", r"\bme (?:tuer|foutre en l['’]air)\b",
    r"\bplus envie de vivre\b", r"\b(?:quiero|quería|quisiera|deseo) (?:morir|morirme|matarme)\b",
    r"\b(?:suicidar\w*|matarme|quitarme la vida)\b", r"\bno quiero (?:seguir )?viv\w+",
    r"\b(?:quero|queria) (?:morrer|me matar)\b", r"\bme matar\b", r"\btirar a (?:minha )?(?:própria )?vida\b",
    r"\b(?:voglio|vorrei) (?:morire|uccidermi|farla finita)\b", r"(?:самоубийств|суицид)\w*",
    r"(?:хочу|хотел\w*) (?:умереть|сдохнуть)", r"покончить с собой", r"не хочу (?:больше )?жить", r"\bubić się\b",
    r"samobójst\w*", r"zabić się", r"自杀", r"自殺", r"轻生", r"輕生", r"想死", r"不想活", r"活不下去", r"了结生命",
    r"死にたい", r"自死", r"消えたい", r"자살", r"죽고 ?싶", r"살고 ?싶지 ?않", r"انتحار", r"أنتحر",
    r"(?:أريد|اريد) (?:أن )?(?:أموت|اموت)", r"خودکشی", r"आत्महत्या", r"मरना चाहत", r"intihar\w*",
    r"ölmek istiyorum", r"bunuh diri",
)  # fmt: skip
_SELF_HARM = (
    r"\bself[- ]?harm\w*", r"\bself[- ]?injur\w*",
    r"\b(?:cut|hurt|harm|burn|starv|punish)(?:t?ing|es?|ed)? (?:my|him|her|them)sel(?:f|ves)\b",
    r"\b(?:cut|cutting|slit|slitting) (?:my|his|her) (?:wrists?|arms?|thighs?)\b", r"\boverdos\w+",
    r"\britz\w* (?:mich|sich)\b", r"\bselbstverletz\w*", r"\b(?:mich|sich) (?:selbst )?verletz\w*",
    r"\bautomutil\w*", r"\bme (?:scarifier|couper les veines|faire du mal)\b", r"\bautolesi\w*",
    r"\b(?:cortarme|hacerme daño|lastimarme)\b", r"\bme (?:cortar|machucar)\b", r"(?:режу|резал\w*) (?:себя|вены)",
    r"自残", r"自殘", r"自傷", r"リストカット", r"割腕", r"자해",
)  # fmt: skip
_ABUSE = (
    r"\b(?:rape|raped|raping|rapist|molest\w*|sexually (?:abus|assault)\w*|groom(?:ed|ing) me)\b",
    r"\b(?:he|she|they) (?:\w+ ){0,2}(?:beats?|hits?|chok\w+|strangl\w+|abus\w+) (?:me|us|him|her)\b(?! (?:to|at)\b)",
    r"\b(?:dad|m[ou]m|father|mother|husband|wife|(?:boy|girl)friend|partner) (?:beats?|hits?|chok\w+) (?:me|us)\b",
    r"\b(?:abus(?:es|ed|ing)|beat(?:s|ing)?) me\b(?! (?:to|at|by)\b)", r"\bdomestic (?:violence|abuse)\b",
    r"\bchild abuse\b",
    r"\bafraid (?:he|she|they)(?:['’]ll| will| is going to| are going to) (?:kill|hurt) (?:me|us)\b",
    r"\bvergewaltig\w*", r"\bmissbrauch\w*", r"\b(?:schlägt|schlug|würgt) mich\b", r"\bviol(?:ée?|er|eur)\b",
    r"\bme (?:bat|frappe)\b", r"\bme (?:pega|golpea|violó|violaron|bate|estupr\w+)\b",
    r"\babus(?:ó|aron|ou) de m\w+", r"\bmi (?:picchia|ha violentat\w+)", r"изнасил\w*",
    r"(?:бь[её]т|избива\w+) меня", r"强奸", r"強姦", r"性侵", r"家暴", r"虐待", r"レイプ", r"性的暴行", r"성폭행",
    r"강간", r"학대", r"اغتصاب", r"बलात्कार", r"tecavüz\w*",
)  # fmt: skip
KINDS: Mapping[str, re.Pattern[str]] = {
    kind: re.compile("|".join(f"(?:{words})" for words in phrases), re.IGNORECASE)
    for kind, phrases in (("suicide", _SUICIDE), ("self_harm", _SELF_HARM), ("abuse", _ABUSE))
}


def danger(text: str) -> Iterator[Span]:
    """Where a text speaks of danger, and of which kind; no words in it make up for it."""
    for kind, words in KINDS.items():
        yield from (Span(*match.span(), kind) for match in words.finditer(text))
