"""Whether a sentence in another language than English asks for a file to be changed. Pure.

A closed table: for each language the beginnings of the verbs that say so (correct, repair, change, improve, update,
add, remove, replace, sort, translate, clean, rewrite, rename). A language that is not in it allows nothing, and the
refusal is told. What is shown, read or sorted on the page is no change of the file.
"""
# ruff: noqa: RUF001 - letters of other languages look like each other

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from orchestrator.generate.attachments import work

_VERBS = {
    "de": r"korrigier|beheb|behob|reparier|verbesser|änder|veränder|aktualisier|ergänz|entfern|lösch|ersetz"
    r"|sortier|übersetz|bereinig|überarbeit|umbenenn|benenn|berichtig|formatier|optimier|refaktorier"
    r"|erweiter|füg(?:e|en|t)?(?!\w)",
    "es": r"corrig|correg|correc|arregl|repar|mejor|cambi|modific|actualiz|añad|agreg|elimin|borr|quit(?:a|e"
    r"|ar|en)(?!\w)|reemplaz|sustitu|orden|traduc|traduzc|limpi|reescrib|renombr|optimiz|amplí"
    r"|edit(?:a|e|ar)(?!\w)",
    "fr": r"corrig|répar|amélior|modifi|chang|ajout|supprim|enlev|remplac|tri(?:e|ez|er)(?!\w)|tradui|nettoy"
    r"|réécri|renomm|optimis|complèt|édit|refactor",
    "it": r"corregg|ripar|sistem|miglior|modific|cambi|aggiorn|aggiung|rimuov|elimin|sostitu|ordin|traduc"
    r"|pulisc|riscriv|rinomin|ottimizz",
    "pt": r"corrij|corrig|consert|repar|melhor|mud(?:e|a|ar|em)(?!\w)|alter|atualiz|adicion|acrescent|remov"
    r"|apag|substitu|orden|traduz|limp|reescrev|renomei|otimiz|edit(?:a|e|ar)(?!\w)",
    "nl": r"herstel|corrigeer|repareer|verbeter|wijzig|verander|pas(?!\w)|aanpas|voeg|verwijder|vervang"
    r"|sorteer|vertaal|opschon|herschrijf|hernoem",
    "sv da no": r"rätta|åtgärda|fixa|ändra|förbättra|uppdatera|lägg(?!\w)|ta(?!\w)|översätt|sortera|ersätt"
    r"|rett?(?!\w)|ændr|endre|forbedr|opdater|oppdater|tilføj|fjern|oversæt|oversett|sorter|erstat"
    r"|rens(?!\w)",
    "pl": r"napraw|popraw|zmień|ulepsz|zaktualizuj|dodaj|usuń|zastąp|posortuj|przetłumacz|wyczyść|przepisz",
    "cs sk": r"oprav|změň|zmeň|uprav|vylepši|aktualizuj|přidej|pridaj|odstraň|smaž|nahraď|seřaď|přelož|vyčisti"
    r"|přepiš",
    "ru uk": r"исправ|почин|улучш|измен|обнов|добав|удал|замен|отсортируй|переведи|очист|перепиш|виправ|зміни"
    r"|онов|додай|видал|переклад",
    "tr": r"düzelt|onar|gider|değiştir|güncelle|iyileştir|ekle|sil(?:in|iniz|me\w*)?(?!\w)|kaldır|sırala"
    r"|çevir|temizle",
    "id": r"perbaiki|ubah|perbarui|tambah|hapus|ganti|urutkan|terjemahkan|bersihkan",
    "ro": r"corect|repar|îmbunătăț|modific|schimb|actualiz|adaug|șterg|înlocui|sort|traduc",
}


def _fold_text(text: str) -> str:
    """Return `text` in small letters without accents: `corrígelo` begins like `corrige`."""
    return re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", text.casefold()))


_STEM = re.compile(_fold_text("|".join(_VERBS.values())))
# Without spaces between words, or with the verb's ending glued on.
_WITHIN = re.compile(
    _fold_text(
        "修复|修正|修改|改正|更正|更新|改进|翻译|排序|删除|添加|重写|替换|清理|修復|訂正|変更|改善|翻訳|削除|追加|並べ替え|書き換え|直し"
        r"|고치|고쳐|수정|바꾸|바꿔|변경|개선|번역|삭제|추가|정렬|ठीक|सुधार|बदल|हटा|जोड़|अनुवाद|أصلح|صحح|عدل|عدّل|حدّث|أضف|احذف|ترجم|תקן|שנה|עדכן|הוסף|מחק"
    )
)
_NOT_A_VERB = re.compile(
    _fold_text(r"(?:able|ables|ible|ibles|bar|bare|baren|bares|barer|bile|abili|ável|áveis|ivel|ción|tion|ung)$")
)
_NO = re.compile(
    _fold_text(
        r"\b(?:nichts?|nie|niemals|kein\w*|ohne|unverändert\w*|ne"
        r"|(?<=[^\s] )pas|jamais|sans|inchangée?s?|tel(?:le)?s? quel(?:le)?s?|no|nunca"
        r"|sin|jamás|tampoco|intact[oa]s?|não|nem|sem|jamais|non|mai|senza|invariat\w+|niet|geen|nooit|niets|rien|nada|nessun\w*|niente|nic|ingenting|inget|zonder|ongewijzigd"
        r"|inte|aldrig|utan|ikke|aldri|aldrig|uden|uten|nigdy|bez|ne(?:m[ěe]ň|uprav|ma[žz]|odstra|oprav|dot|zm)\w*|nikdy|jangan|tanpa|tidak|nu|fără)\b|\bn['’]"
        r"|(?<!\w)(?:не|ничего|нічого|без|никогда|ніколи|लेकिन नहीं|नहीं|मत|बिना|لا|دون|אל|בלי)(?!\w)"
        r"|不要|不得|不能|别|勿|请勿|ない|ません|せず|ずに|禁止|지\s*마|지\s*않|말고|말아"
    )
)
_TURKISH = re.compile(_fold_text(_VERBS["tr"]))
_TURKISH_NO = re.compile(_fold_text(r"(?:me|ma|meyin|mayın|meyiniz|mayınız|meden|madan|memeli|mamalı)$"))
# What lies on the page and not in the file.
_ON_PAGE = re.compile(
    _fold_text(
        r"\b(?:layout|design|seite|webseite|tabelle|diagramm|página|pagina|page|tabla|gráfico|tableau|graphique|tabela|tabella|grafico"
        r"|tabel|grafiek|sida|sidan|side|siden|strona|stron[aęy]|wykres|stránk\w+|страниц\w*|сторінк\w*|таблиц\w*|sayfa\w*|tablo\w*|halaman)\b"
        r"|页面|网页|表格|图表|ページ|グラフ|페이지|차트|पृष्ठ|पेज|صفحة|דף"
    )
)
_POINTING = re.compile(
    r"\b(?:links?|collegament\w+|enlaces?|liens?|verweis\w*|referenc\w+|riferiment\w+|odkaz\w*|lank\w*|lenke\w*)\b"
    r"|ссылк|посилання|baglantı|链接|リンク|링크"
)
_CLAUSE = re.compile(
    _fold_text(
        r"[,;:，；、]\s*|\s+(?:und|y|e|et|och|og|i|и|і|ve|dan|și|puis|luego|dann|danach|poi|puis|depois|затем|потом)\s+"
    )
)
_FILE = re.compile(r"(?<![\w-])[\w-]+\.[a-z][a-z0-9]{0,5}\b")
_WORD = re.compile(r"[^\W\d_]+")
_PLACE = "\ue000"
# Words that one language has and the others have not, as far as there are such.
_ENGLISH = re.compile(
    rf"\b(?:{'|'.join(work.VERBS)})\b|"
    r"\b(?:the|and|with|to|for|this|that|its|it|must|should|from|when|then|please|not|of|are|has|have|after|before|while"
    r"|which|don't|don’t|never|do not|add|append|change|correct|delete|fix|refactor|remove|repair|replace|rewrite"
    r"|sort|update|commit|show|use|run|explain|debug|load|make|users?|visitors?|can|lets?|there|into|you|your"
    r"|against|without|because|between|each|every|only|more|such|than|they|their|these|those|would|will|was|were"
    r"|(?:in|on|as|by|at|is) (?:a|an|each|every|all))\b"
)
_OTHER = re.compile(
    _fold_text(
        r"\b(?:der|die|das|und|auf|ein|eine|einen|im|den|dem|nicht|zu|für|el|la|los|las|una|un|y|de|del|en|le|les|du|des|une"
        r"|et|il|lo|gli|di|da|os|um|uma|na|em|não|och|att|på|het|een|van|op|og|af|w|z|się|ve|bir|dan|și|sau)\b|[^\x00-\u024f]"
    )
)
_NEAR = 5
_SHORT = 7


def asks_in_another_language(sentence: str, following: str, name: str, *, is_code: bool) -> bool:
    """Whether `sentence`, which names the file `name`, asks for a change of it, or `following` does of what it names.

    Code changes where the sentence speaks of work on it; data only where the verb stands beside its name.
    """
    said, after = _fold_text(sentence).replace(_fold_text(name), f" {_PLACE} "), _fold_text(following)
    if _PLACE not in said or _NO.search(said) or any(map(_TURKISH_NO.search, _find_change_verbs(said, turkish=True))):
        return False
    clauses = _CLAUSE.split(said)
    if any(_PLACE in clause and _is_near(clause) for clause in clauses):
        return True
    if not is_code or _FILE.search(said) or any(_PLACE in clause and _ON_PAGE.search(clause) for clause in clauses):
        return False
    if any(_PLACE not in clause and _has_change_verb(clause) and not _is_of_another(clause) for clause in clauses):
        return True
    words = _WORD.findall(after)
    return (
        len(words) <= _SHORT and not _NO.search(after) and bool(_find_change_verbs(after)) and not _is_of_another(after)
    )


def _is_of_another(clause: str) -> bool:
    """Whether a clause speaks of what lies on the page, or of a link."""
    return bool(_ON_PAGE.search(clause) or _POINTING.search(clause))


@lru_cache(maxsize=4)
def is_english(text: str, *, in_doubt: bool) -> bool:
    """Whether a text is rather English than another language; `in_doubt` where nothing speaks for either."""
    said = _FILE.sub(" ", _fold_text(text))
    english, other = len(_ENGLISH.findall(said)), len(_OTHER.findall(said))
    return in_doubt if english == other else english > other


def _find_change_verbs(text: str, *, turkish: bool = False) -> Sequence[str]:
    """Return the words of `text` that are verbs of change."""
    words = [word for word in _WORD.findall(text) if _STEM.match(word) and not _NOT_A_VERB.search(word)]
    return [word for word in words if _TURKISH.match(word)] if turkish else words


def _has_change_verb(clause: str) -> bool:
    return bool(_find_change_verbs(clause) or _WITHIN.search(clause))


def _is_near(clause: str) -> bool:
    """Whether a verb of change acts on the file in its own clause, not on what lies on the page."""
    if _is_of_another(clause):
        return False
    if _WITHIN.search(clause):
        return True
    words = re.findall(rf"[^\W\d_]+|{_PLACE}", clause)
    place = words.index(_PLACE)
    verbs = set(_find_change_verbs(clause))
    return any(abs(place - at) <= _NEAR for at, word in enumerate(words) if word in verbs)
