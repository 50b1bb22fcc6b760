"""Names without an entry: where they stand, and one spelling for each."""

from __future__ import annotations

import pytest

from glossary.concepts import Concept
from glossary.constrain import Outcome, Segment
from glossary.match import Match, Matcher
from glossary.spans import Span
from glossary.termbase import Termbase
from glossary.verify import Hypothesis, TermUse, Verdict
from service.names import Names, _respelled, candidates, spells


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("قال وزير الخارجية فؤاد حسين إن", ["فؤاد حسين", "فؤاد"]),
        ("وزير الخارجية العراقي فؤاد حسين يصل", ["فؤاد حسين", "فؤاد"]),
        ("وقال الفريق جيوفاني اينوتشي.", ["جيوفاني اينوتشي", "جيوفاني"]),
        ("الفريق أول ركن كريم جواد", ["كريم جواد", "كريم"]),
        ("للرئيس جو بايدن", ["جو بايدن", "جو"]),
        ("نائب رئيس الوزراء فؤاد حسين", ["فؤاد حسين", "فؤاد"]),
        ("الرئيس عبد الفتاح السيسي يزور", ["عبد الفتاح السيسي", "عبد الفتاح", "عبد"]),
        ("رئيس الوزراء محمد شياع السوداني", ["محمد شياع السوداني", "محمد شياع", "محمد"]),
        ("زار سفير فرنسا بغداد", []),
        ("رئيس وزراء العراق", []),
        ("قائد بعثة الناتو", []),
        ("أكد الرئيس أن الأمن", []),
        ("الرئيس العراقي", []),
        ("رئيس الوزراء في بغداد", []),
        ("افتتح معرض «ألوان الشرق» أمس", ["ألوان الشرق"]),
        ("«2030»", []),
    ],
)
def test_candidates(text: str, names: list[str]) -> None:
    """What stands behind a title or in quotes; function words and adjectives are no names."""
    assert [s.of(text) for s, _ in candidates(text)] == names


@pytest.mark.parametrize(
    ("english", "arabic"),
    [
        ("Fuad", "فؤاد"), ("Hussein", "حسين"), ("Husain", "حسين"), ("al-Araji", "الأعرجي"), ("Iannucci", "اينوتشي"),
        ("Giovanni", "جيوفاني"), ("Biden", "بايدن"), ("Qasim", "قاسم"), ("Khadija", "خديجة"), ("Schmidt", "شميت"),
    ],
)  # fmt: skip
def test_transliterations_spell_a_name(english: str, arabic: str) -> None:
    """Two spellings of one name have its consonants."""
    assert spells(english, arabic)


@pytest.mark.parametrize(
    ("english", "arabic"),
    [("Egyptian", "مصري"), ("Minister", "فؤاد"), ("Baghdad", "حسين"), ("Hungary", "المجر"), ("Foreign", "كريم"), ("Mohammed", "أحمد"), ("The", "عطا")],
)
def test_translations_do_not(english: str, arabic: str) -> None:
    """A word that means the Arabic one, or stands beside it, does not spell it."""
    assert not spells(english, arabic)


@pytest.mark.parametrize(
    ("word", "first", "lone", "expected"),
    [
        ("Juwad", "Jawad", False, True),
        ("Iraqi", "Iraq", False, False),
        ("Jawad", "jawad", False, False),
        ("Kurdish", "Kurds", False, True),
        ("Kurdish", "Kurds", True, False),
        ("French", "France", True, False),
        ("Juwad", "Jawad", True, True),
    ],
)
def test_spellings_and_adjectives(word: str, first: str, lone: bool, expected: bool) -> None:
    """Another spelling is exchanged; the adjective of a country or another capital is not, and of a lone word nothing that may mean two things."""
    assert _respelled(word, first, lone) is expected


def outcome(text: str, aligned: dict[str, tuple[int, int]], uses: tuple[TermUse, ...] = ()) -> Outcome:
    """A hypothesis whose words are aligned with stretches of the source, others with its first letter."""
    targets, sources, rows, at = [], sorted({(0, 1), *aligned.values()}), [], 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        targets.append(Span(start, at))
        own = aligned.get(word, (0, 1))
        rows.append([1.0 if s == own else 0.0 for s in sources])
    return Outcome(Hypothesis(text, -1.0, tuple(targets), tuple(Span(*s) for s in sources), rows), uses)


def segment(names: Names, text: str, constraints: tuple[Match, ...] = ()) -> Segment:
    """A text as the pipeline hands it on, with the mentions of these names."""
    return Segment(text, constraints, names.find(text, constraints))


FIRST, LATER = "وقال وزير النفط كريم جواد إن", "وأضاف جواد أن العراق يصدر"


def settled(unify: bool, uses: tuple[TermUse, ...] = ()) -> list[str]:
    names = Names([FIRST, LATER], [(), ()], unify)
    spelled: dict[str, str] = {}
    place = FIRST.index("كريم")
    one = outcome("Oil Minister Karim Jawad said", {"Karim": (place, place + 9), "Jawad": (place, place + 9)})
    two = outcome("Juwad added that Iraq exports", {"Juwad": (6, 10), "Iraq": (14, 20)}, uses)
    results = [names.settle(segment(names, FIRST), one, spelled), names.settle(segment(names, LATER), two, spelled)]
    assert [u.written for _, found in results for u in found] == ["Karim Jawad", "Juwad"]
    assert all(u.target is None or u.target.of(o.hypothesis.text) == u.rendering for o, _ in results for u in o.uses)
    return [o.hypothesis.text for o, _ in results]


def test_a_surname_follows_the_full_name() -> None:
    """The first spelling wins; a report alone changes nothing."""
    assert settled(True) == ["Oil Minister Karim Jawad said", "Jawad added that Iraq exports"]
    assert settled(False)[1] == "Juwad added that Iraq exports"


def test_only_the_aligned_word_is_exchanged() -> None:
    """A first name that spells like the surname, and is not aligned with it, stays."""
    first, later = "أكد الوزير أمين كمال", "وقال كمال"
    names = Names([first, later], [(), ()], True)
    spelled: dict[str, str] = {}
    place = first.index("أمين")
    names.settle(segment(names, first), outcome("Minister Amin Kamal stressed", {"Amin": (place, place + 9), "Kamal": (place, place + 9)}), spelled)
    settled, _ = names.settle(segment(names, later), outcome("Kamil Kamel said", {"Kamel": (5, 9)}), spelled)
    assert settled.hypothesis.text == "Kamil Kamal said"


def test_term_uses_move_with_the_text() -> None:
    """A term behind an exchanged name is found at its new place."""
    (match,) = Matcher(Termbase.build("t", [Concept(("العراق",), "Iraq")])).find(LATER)
    names = Names([FIRST, LATER], [(), (match,)], True)
    place = FIRST.index("كريم")
    spelled: dict[str, str] = {}
    names.settle(segment(names, FIRST), outcome("Oil Minister Karim Jawwad said", {"Karim": (place, place + 9), "Jawwad": (place, place + 9)}), spelled)
    use = TermUse(match, Verdict.NATIVE, Span(17, 21), "Iraq")
    later, _ = names.settle(segment(names, LATER, (match,)), outcome("Juwad added that Iraq exports", {"Juwad": (6, 10), "Iraq": (14, 20)}, (use,)), spelled)
    assert later.hypothesis.text == "Jawwad added that Iraq exports"
    assert later.uses[0].target and later.uses[0].target.of(later.hypothesis.text) == "Iraq"


def test_a_word_that_returns_is_a_name_where_its_rendering_spells_it() -> None:
    """No title stands before it, once a proclitic does; a common word that returns is no name."""
    first, later = "زار ترامب المدينة", "غادر المدينة موكب لترامب"
    names = Names([first, later], [(), ()], True)
    spelled: dict[str, str] = {}
    city = {"City": (first.index("المدينة"), len(first))}
    _, uses = names.settle(segment(names, first), outcome("Trump visited the City", {"Trump": (4, 9), **city}), spelled)
    assert [(u.form, u.rendering) for u in uses] == [("ترامب", "Trump")]
    settled, _ = names.settle(segment(names, later), outcome("A motorcade of Tramp left", {"Tramp": (later.index("ترامب"), len(later))}), spelled)
    assert settled.hypothesis.text == "A motorcade of Trump left"


@pytest.mark.parametrize(("spelling", "other"), [("Abdel Fattah", "Abdulfattah"), ("Abdul-Fattah", "Abd al-Fattah")])
def test_a_servant_name_is_one_word_or_two(spelling: str, other: str) -> None:
    """عبد الفتاح keeps its first spelling, however many English words either has."""
    first, later = "قال الرئيس عبد الفتاح كامل إن", "وأشاد الرئيس عبدالفتاح كامل"
    names = Names([first, later], [(), ()], True)
    spelled: dict[str, str] = {}
    for text, written in ((first, spelling), (later, other)):
        start = text.index("عبد")
        words = dict.fromkeys([*written.split(), "Kamil"], (start, text.index("كامل") + 4))
        settled, uses = names.settle(segment(names, text), outcome(f"President {written} Kamil said", words), spelled)
        assert settled.hypothesis.text == f"President {spelling} Kamil said"
        assert [u.written for u in uses] == [f"{written} Kamil"]


@pytest.mark.parametrize(
    ("first", "later", "arabic"),
    [("Libya", "Libyan", "ليبيا"), ("France", "French", "فرنسا"), ("Kurds", "Kurdish", "الكردية"), ("Democratic", "Democrat", "الديمقراطي"), ("Turkey", "Turkish", "تركيا")],
)  # fmt: skip
def test_a_country_and_its_adjective_are_two_words(first: str, later: str, arabic: str) -> None:
    """A word that merely returns is exchanged for another spelling, never for another word of the same root."""
    texts = [f"قال {arabic}", f"وأضاف {arabic}"]
    names = Names(texts, [(), ()], True)
    spelled: dict[str, str] = {}
    written = []
    for text, word in zip(texts, (first, later), strict=True):
        settled, _ = names.settle(segment(names, text), outcome(f"The {word} said", {word: (text.index(arabic), len(text))}), spelled)
        written.append(settled.hypothesis.text)
    assert written == [f"The {first} said", f"The {later} said"]


def test_a_given_name_of_another_person_keeps_its_spelling() -> None:
    """Mohammed in a longer name is not the Mohamed of another one."""
    texts = ["قال محمد صلاح", "وأضاف محمد بن سلمان"]
    names = Names(texts, [(), ()], True)
    spelled: dict[str, str] = {}
    for text, written in zip(texts, ("Mohamed Salah said", "Mohammed bin Salman added"), strict=True):
        place = text.index("محمد")
        settled, _ = names.settle(segment(names, text), outcome(written, {written.split()[0]: (place, place + 4)}), spelled)
        assert settled.hypothesis.text == written


def test_adjectives_are_no_names() -> None:
    """العراقية returns and is spelled by Iraqi, and is no entry for anyone's glossary; السيسي is."""
    text = "قالت القوات العراقية وأضافت القوات العراقية إن السيسي والسيسي"
    names = Names([text], [()], True)
    place, name = text.index("العراقية"), text.index("السيسي")
    words = {"Iraqi": (place, place + 8), "al-Sisi": (name, name + 6)}
    _, uses = names.settle(segment(names, text), outcome("The Iraqi forces said that al-Sisi", words), {})
    assert [u.rendering for u in uses] == ["al-Sisi"]
