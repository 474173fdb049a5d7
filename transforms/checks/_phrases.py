"""How models say that they will not answer, and what they say instead of an answer, in the languages they do it in."""

import re

_SORRY = (
    r"(?:i['’]?m|i am) (?:really |very |so )?(?:sorry|afraid)\b.{0,80}"
    r"\b(?:can(?:no|['’])t|cannot|unable|not able|won['’]t)",
    r"\bi (?:can(?:no|['’])t|cannot|won['’]t|am unable to|am not able to|must decline to|have to decline)"
    r" (?:help|assist|comply|provide|describe|answer|do that|fulfil|identify|determine|analy[sz]e|view|see|watch|hear|"
    r"access|process)",
    r"\bas an? (?:ai|artificial intelligence|large language|language)\b",
    r"\bi (?:do not|don['’]t|am unable to) (?:actually )?(?:have|see|access)(?: access to)? (?:the |any |your )?"
    r"(?:image|video|audio|picture|clip|media|file|ability to (?:see|watch|hear|view))",
    r"\b(?:against|violates?) (?:my|our|the) (?:guidelines|polic(?:y|ies))",
    r"\b(?:please )?(?:provide|share|upload|send)(?: me)?(?: with)? (?:the|a|an|your|more)"
    r" (?:image|video|audio|text|clip|context|file)",
    r"\bno (?:image|video|audio|text) (?:was|has been|is) (?:provided|attached|given)",
    r"(?:es tut mir leid|tut mir leid).{0,60}\b(?:kann|darf)\b.{0,60}\bnicht\b|als (?:ki|sprachmodell)\b",
    r"je suis désolée?.{0,60}\bne (?:peux|suis)\b|en tant qu['’](?:ia|intelligence artificielle|modèle de langage)",
    r"lo siento.{0,60}\bno puedo\b|como (?:ia|inteligencia artificial|modelo de lenguaje)\b",
    r"(?:抱歉|对不起|很遗憾).{0,30}(?:无法|不能)|作为(?:一个|一名)?(?:人工智能|AI|语言模型)",
    r"(?:申し訳|すみません).{0,40}(?:できません|できかねます)|AI(?:言語モデル|アシスタント)として",
    r"(?:죄송).{0,40}(?:없습니다|어렵습니다)|(?:AI|인공지능|언어) ?(?:언어 ?)?모델로서",
    r"(?:извините|к сожалению).{0,60}не могу|как (?:ии|языковая модель|искусственный интеллект)",
)
_EMPTY = (
    r"^(?:sure|certainly|of course|okay|ok|here (?:is|are)|below is)\b[^.\n]{0,80}:\s*$",
    r"(?:\blorem ipsum|\[(?:insert|your|name|description)[^\]]{0,40}\]|<(?:insert|your)[^>]{0,40}>|\btodo:)",
    r"<\|[a-z_]+\|>|^(?:output|answer|response|assistant)\s*:\s*$",
    r"^(?:n/?a|none|null|unknown|undefined|\.{3}|-+)\.?$",
)
REFUSAL = re.compile("|".join(f"(?:{x})" for x in _SORRY), re.IGNORECASE | re.DOTALL)
BOILERPLATE = re.compile("|".join(f"(?:{x})" for x in _EMPTY), re.IGNORECASE)
READ_CHARS = 20_000


_QUOTED = re.compile(r'"[^"\n]{0,400}"|[“„][^“”\n]{0,400}[“”]|«[^»\n]{0,400}»|「[^」\n]{0,400}」|『[^』\n]{0,400}』')


def refusal(text: str) -> str | None:
    """How the text refuses, if it does. What it quotes somebody say is not its own, unless it is all that there is."""
    read = text[:READ_CHARS]
    own = _QUOTED.sub('""', read)
    found = REFUSAL.search(own if re.search(r"\w", own) else read)
    return found[0] if found else None


def boilerplate(text: str) -> str | None:
    """What in the text stands for an answer that is not there."""
    found = BOILERPLATE.search(text[:READ_CHARS].strip())
    return found[0] if found else None
