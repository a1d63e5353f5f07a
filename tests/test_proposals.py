"""A document of ours comes back with edits: each is a proposal, and nothing typed is lost."""

import io
from datetime import datetime
from pathlib import Path

import docx
from test_printout import MASTER, batch, said

from pdsfz_xl import collect, identity, paper, print_word, proposals, rules
from pdsfz_xl import wording as w
from pdsfz_xl.states import Flag

CODE = MASTER.settings.code
FINAL = {w.FINAL_SHEET: {"04": {"定稿文本": "综合后的说法。\n第二段。"}}}
FIRST = f"{CODE}-01-02.1"
NOW = datetime(2019, 10, 28, 9, 0)


def example(**more):
    """02.1 answered, 02.2 not, 04 settled."""
    return batch(
        said("01", "02.1", "一共 9 条。\n其中 3 条公示。", number=9.0), clerk=FINAL, **more
    )


def printed(result=None) -> bytes:
    result = result or example()
    return print_word.build(paper.compose(result, rules.run(result)), CODE)


def back(path: Path, data: bytes, result=None):
    path.write_bytes(data)
    manifest = collect.read_return(str(path))
    return proposals.read({path.name: manifest}, paper.compose(result or example(), ()))[0]


def edited(tmp_path, edit, data: bytes | None = None):
    """What comes back after an edit."""
    document = docx.Document(io.BytesIO(data or printed()))
    edit(document)
    buffer = io.BytesIO()
    document.save(buffer)
    return back(tmp_path / "汇总表.docx", buffer.getvalue())


def row(document, key: str):
    """The row of a requirement, by its code."""
    rows = document.tables[0].rows
    return next(r for r in rows if any(f"-{key}-" in c.text for c in r.cells))


def answer(document, key: str):
    return row(document, key).cells[5]


def texts(one) -> list[str]:
    return [left.text for left in one.leftover]


# --- nothing -------------------------------------------------------------------------------


def test_an_untouched_document_says_nothing(tmp_path):
    one = back(tmp_path / "a.docx", printed())
    assert one == proposals.Returned("a.docx", (), (), (), ())


def test_it_is_nobody_s_return(tmp_path):
    (tmp_path / "a.docx").write_bytes(printed())
    manifest = collect.read_return(str(tmp_path / "a.docx"))
    assert Flag.PAPER_COPY in manifest.flags
    assert (manifest.rule, manifest.campaign) == ("", CODE)
    assert not any(identity.read(r.cells[w.CODE].text) for r in manifest.rows)


def test_what_was_printed_in_an_earlier_state_is_no_edit(tmp_path):
    """The answer has changed since, the document has not."""
    later = batch(said("01", "02.1", "现在的说法"), said("02", "04", "又报了"))
    one = back(tmp_path / "a.docx", printed(), later)
    assert one.proposals == ()


# --- proposals -----------------------------------------------------------------------------


def test_a_changed_text_is_a_proposal_for_its_row(tmp_path):
    one = edited(tmp_path, lambda d: answer(d, "02.1").paragraphs[0].add_run("（增加一句）"))
    text = "一共 9 条。（增加一句）\n其中 3 条公示。"
    assert one.proposals == ((w.MERGED_SHEET, FIRST, w.PROPOSAL, text),)
    assert (one.changed, one.emptied, one.leftover) == (("02.1",), (), ())


def test_a_changed_settled_text_is_a_proposal_for_the_settled_text(tmp_path):
    one = edited(tmp_path, lambda d: answer(d, "04").add_paragraph("第三段。"))
    assert one.proposals[0][:3] == (w.FINAL_SHEET, "04", w.FINAL_PROPOSAL)
    assert one.proposals[0].text.endswith("综合后的说法。\n第二段。\n第三段。")


def test_what_is_typed_over_unanswered_is_the_proposal(tmp_path):
    def edit(document):
        answer(document, "02.2").add_paragraph("补一段")

    one = edited(tmp_path, edit)
    assert [p.text for p in one.proposals] == ["补一段"]


def test_a_text_that_is_printed_now_is_no_proposal_any_more(tmp_path):
    later = batch(said("01", "02.1", "一共 9 条。改\n其中 3 条公示。"), clerk=FINAL)
    document = docx.Document(io.BytesIO(printed()))
    answer(document, "02.1").paragraphs[0].add_run("改")
    document.save(tmp_path / "b.docx")
    one = back(tmp_path / "b.docx", (tmp_path / "b.docx").read_bytes(), later)
    assert (one.changed, one.proposals) == (("02.1",), ())


def test_an_emptied_text_deletes_nothing_and_is_said(tmp_path):
    def edit(document):
        for paragraph in answer(document, "02.1").paragraphs:
            paragraph.clear()

    one = edited(tmp_path, edit)
    assert (one.proposals, one.emptied) == ((), ("02.1",))


def test_a_copied_row_gives_both_texts(tmp_path):
    from copy import deepcopy

    def edit(document):
        element = row(document, "02.1")._tr
        element.addnext(deepcopy(element))
        answer(document, "02.1").paragraphs[0].add_run("甲改")
        document.tables[0].rows[3].cells[5].paragraphs[0].add_run("乙改")

    one = edited(tmp_path, edit)
    [cells] = proposals.cells([one])[w.MERGED_SHEET].values()
    assert "甲改" in cells[w.PROPOSAL]
    assert len(one.proposals) >= 1


def test_tracked_changes_count_as_they_read(tmp_path):
    """What is inserted counts, what is deleted does not."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    def edit(document):
        paragraph = answer(document, "02.1").paragraphs[0]
        kept = paragraph.runs[0]
        deleted = parse_xml(
            f'<w:del {nsdecls("w")} w:id="1" w:author="a">'
            "<w:r><w:delText>旧话</w:delText></w:r></w:del>"
        )
        inserted = parse_xml(
            f'<w:ins {nsdecls("w")} w:id="2" w:author="a"><w:r><w:t>新话</w:t></w:r></w:ins>'
        )
        kept._r.addnext(deleted)
        deleted.addnext(inserted)

    one = edited(tmp_path, edit)
    assert one.proposals[0].text == "一共 9 条。新话\n其中 3 条公示。"


# --- nothing typed is lost -----------------------------------------------------------------


def test_what_is_typed_elsewhere_is_left_over(tmp_path):
    def edit(document):
        document.tables[0].add_row().cells[5].text = "新行里的话"
        document.add_paragraph("表后面的话")
        document.paragraphs[2].add_run("封面上的话")
        row(document, "02.1").cells[8].text = "另附一件.pdf"
        row(document, "02.1").cells[1].paragraphs[0].add_run("指标也改了")
        row(document, "02.1").cells[3].paragraphs[0].add_run("（联合）")

    one = edited(tmp_path, edit)
    assert one.proposals == ()
    said = texts(one)
    for typed in (
        "新行里的话",
        "表后面的话",
        "封面上的话",
        "另附一件.pdf",
        "指标也改了",
        "（联合）",
    ):
        assert sum(typed in text for text in said) == 1, typed
    assert len(said) == 6


def test_a_comment_is_left_over(tmp_path):
    def edit(document):
        run = answer(document, "02.1").paragraphs[0].runs[0]
        document.add_comment(run, "这里再核实", author="秘书")

    assert texts(edited(tmp_path, edit)) == ["这里再核实"]


def test_a_row_whose_code_is_gone_is_left_over_whole(tmp_path):
    def edit(document):
        row(document, "02.1").cells[3].text = "市发改委"

    assert "一共 9 条。\n其中 3 条公示。" in texts(edited(tmp_path, edit))


def test_a_form_into_which_somebody_pasted_a_row_stays_a_form(tmp_path):
    document = docx.Document()
    table = document.add_table(1, 2)
    table.cell(0, 0).text = "F201921-01-02.1-4G49"
    table.cell(0, 1).text = "F201921-01-02.1-AAAABBBBCCCC"
    document.save(tmp_path / "a.docx")
    assert Flag.PAPER_COPY not in collect.read_return(str(tmp_path / "a.docx")).flags
