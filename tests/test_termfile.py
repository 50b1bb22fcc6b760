"""Glossary files and the termbase: what is taken, what is refused, and by which line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glossary import termfile
from glossary.concepts import Category, Concept
from glossary.errors import InvalidEntries
from glossary.termbase import Termbase
from tests.conftest import SEED_NAMES, SEEDS

HEAD = "term\trendering\tcategory\tvariants\tadmitted\tforbidden\n"
WIDE = "\t".join(termfile.COLUMNS) + "\n"


def problems(text: str, kind: str = "tsv") -> list[tuple[int, str]]:
    with pytest.raises(InvalidEntries) as caught:
        termfile.read(text.encode(), kind, "test")
    return [(p.line, p.field) for p in caught.value.problems]


def test_all_columns() -> None:
    """Every column lands in its field; lists are split."""
    termbase = termfile.read((HEAD + "الناتو\tNATO\torganization\tحلف الناتو | حلف شمال الأطلسي\tthe Alliance\tNatoo\n").encode(), "tsv", "t")
    (concept,) = termbase.concepts
    assert concept.forms == ("الناتو", "حلف الناتو", "حلف شمال الأطلسي")
    assert (concept.preferred, concept.admitted, concept.forbidden) == ("NATO", ("the Alliance",), ("Natoo",))
    assert concept.category is Category.ORGANIZATION


def test_two_columns_without_header() -> None:
    """The simplest file: Arabic, tab, English. A byte order mark and CRLF do no harm."""
    termbase = termfile.read("\ufeffالناتو\tNATO\r\n\r\n# note\r\nالعراق\tIraq\r\n".encode(), "tsv", "t")
    assert {c.preferred for c in termbase.concepts} == {"NATO", "Iraq"}


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("\tNATO", "term"),
        ("الناتو\t", "rendering"),
        ("NATO\tNATO", "term"),
        ("الناتو\tNATO\tcountry", "category"),
        ("الناتو\tNATO\torganization\t\t\tnato", "forbidden"),
        ("على\tAli\tperson", "term"),
        ("الناتو\t<t> x", "rendering"),
        ("الناتو\tNATO\tterm\t\t\t\textra", "row"),
        ("الناتو\t...", "rendering"),
    ],
)
def test_bad_row(row: str, field: str) -> None:
    """A bad row is refused with its line and field."""
    assert (2, field) in problems(HEAD + row + "\n")


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"term": "وزير", "rendering": "minister", "plural_variants": "وزراء"}, "plural"),
        ({"term": "وزير", "rendering": "minister", "plural": "ministers", "plural_variants": "وزير"}, "term"),
        ({"term": "iPhone", "rendering": "phone", "keep": "yes"}, "keep"),
        ({"term": "هاتف", "rendering": "هاتف", "keep": "yes"}, "keep"),
        ({"term": "iPhone", "keep": "perhaps"}, "keep"),
        ({"term": "الناتو", "rendering": "Alliance", "acronym": "NATO", "forbidden": "NATO"}, "forbidden"),
        ({"term": "الناتو", "rendering": "NATO", "acronym": "NATO"}, "acronym"),
    ],
)
def test_bad_cells_of_rare_columns(cells: dict[str, str], field: str) -> None:
    """Plural forms want a plural, kept terms are no Arabic and their own rendering, an acronym is not forbidden."""
    assert (2, field) in problems(WIDE + "\t".join(cells.get(c, "") for c in termfile.COLUMNS) + "\n")


def test_rows_that_share_a_form_agree() -> None:
    """Two acronyms or plurals for one concept contradict each other."""
    rows = [{"term": "الاتحاد", "rendering": "Union", "acronym": a} for a in ("EU", "E.U.")]
    assert (3, "acronym") in problems(WIDE + "".join("\t".join(r.get(c, "") for c in termfile.COLUMNS) + "\n" for r in rows))


def test_rare_columns_round_trip() -> None:
    """Plural forms, acronyms and kept terms are written and read again."""
    row = {"term": "وزير", "rendering": "minister", "plural": "ministers", "plural_variants": "وزراء", "acronym": "MIN"}
    kept = {"term": "iPhone", "keep": "yes"}
    data = WIDE + "".join("\t".join(r.get(c, "") for c in termfile.COLUMNS) + "\n" for r in (row, kept))
    termbase = termfile.read(data.encode(), "tsv", "t")
    assert {(c.preferred, c.plural_forms, c.acronym, c.keep) for c in termbase.concepts} == {
        ("minister", ("وزراء",), "MIN", False),
        ("iPhone", (), "", True),
    }
    assert termfile.read(termfile.write(termbase, "csv"), "csv", "t").digest == termbase.digest


def test_all_bad_rows_at_once() -> None:
    """Every bad row of a file is reported, not only the first."""
    assert [line for line, _ in problems(HEAD + "x\ty\nالعراق\tIraq\nالناتو\t\nz\tw\n")] == [2, 4, 5]


def test_one_form_for_two_renderings() -> None:
    """Two entries that claim one form, under folding, contradict each other; equal rows do not."""
    assert (3, "term") in problems(HEAD + "الأعرجي\tal-Araji\nالاعرجى\tal-Aaraji\n")
    assert len(termfile.read((HEAD + "الأعرجي\tal-Araji\nالاعرجى\tal-Araji\n").encode(), "tsv", "t")) == 1


def test_bad_bytes_and_bad_csv() -> None:
    """Bytes that are not UTF-8 and broken CSV are refused with their line."""
    with pytest.raises(InvalidEntries, match="line 2, row: is not UTF-8"):
        termfile.read(b"term\trendering\n" + b"\xff\xfe\tx\n", "tsv", "t")
    assert problems('term,rendering\nالعراق,"Iraq\n', "csv")


@pytest.mark.parametrize("header", ["term\tEnglish", "rendering\tnote", "term\trendering\tterm"])
def test_bad_header(header: str) -> None:
    """A header with unknown, missing or doubled columns is refused."""
    assert problems(header + "\nالعراق\tIraq\n")[0][0] == 1


@pytest.mark.parametrize("name", SEED_NAMES)
@pytest.mark.parametrize("kind", termfile.FORMATS)
def test_seeds_round_trip(name: str, kind: str) -> None:
    """A glossary written and read again has the same digest."""
    termbase = termfile.read((SEEDS / f"{name}.glossary.tsv").read_bytes(), "tsv", name)
    assert len(termbase) >= 20
    assert termfile.read(termfile.write(termbase, kind), kind, name).digest == termbase.digest


WORD = st.text(alphabet="ابتجدرسعقكلمنوي", min_size=3, max_size=8)
RENDERING = st.text(alphabet="abcdefg ", min_size=1, max_size=12).filter(str.strip).map(lambda s: " ".join(s.split()))


@given(st.dictionaries(WORD, RENDERING, max_size=8), st.randoms())
def test_order_of_rows_does_not_matter(entries: dict[str, str], rnd) -> None:  # type: ignore[no-untyped-def]
    """The same entries in any order are the same termbase."""
    concepts = [Concept((a,), e) for a, e in entries.items()]
    mixed = concepts[:]
    rnd.shuffle(mixed)
    try:
        one = Termbase.build("t", concepts)
    except InvalidEntries:
        return
    assert one.digest == Termbase.build("t", mixed).digest


def test_a_note_of_several_lines_survives() -> None:
    """Line ends of any kind inside a note become spaces, in memory as in either file."""
    termbase = termfile.read("term\trendering\tnote\nالعراق\tIraq\tsee\rfile\n".encode(), "tsv", "t")
    assert termbase.concepts[0].note == "see file"
    for kind in termfile.FORMATS:
        assert termfile.read(termfile.write(termbase, kind), kind, "t") == termbase


def test_rows_of_one_concept_may_not_disagree_on_a_rendering() -> None:
    """One row admits what another row of the same concept forbids."""
    assert problems(HEAD + "العراق\tIraq\t\t\tMesopotamia\t\nالعراق\tIraq\t\tعراقنا\t\tMesopotamia\n") == [(3, "forbidden")]
