"""Text reduced to what a reader of any script compares: its letters and digits, without case, width and accents."""

from __future__ import annotations

import unicodedata

_DENSE = ("CJK UNIFIED", "CJK COMPATIBILITY", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO")


def letters(text: str) -> str:
    """The letters and digits of a text, in one case, without accents, spaces and punctuation.

    "Miro & Finch" -> "mirofinch", "ALTAMÍRA" -> "altamira", "ＳＯＮＹ" -> "sony", "СБЕР Банк" -> "сбербанк".
    For Latin text this is [a-z0-9]; letters of other scripts stay what they are. Applying it twice changes nothing.
    """
    # casefold can bring marks out of a letter ("İ"), and decomposing can bring capitals out of a sign ("™" is TM)
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(c for c in folded.casefold() if unicodedata.category(c)[0] in "LN" and not _is_mark_like(c))
    return unicodedata.normalize("NFC", bare)


def is_dense(text: str) -> bool:
    """Whether all of a text is in a script whose words are written in a few signs and without spaces (Han, kana,
    Hangul), so that two signs can be a whole name and may stand right within others."""
    return bool(text) and all(unicodedata.name(c, "").startswith(_DENSE) for c in text)


def _is_mark_like(char: str) -> bool:
    """Modifier letters (category Lm) that only lengthen or repeat; kept for kana, where they belong to the word."""
    return unicodedata.category(char) == "Lm" and "KATAKANA" not in unicodedata.name(char, "")
