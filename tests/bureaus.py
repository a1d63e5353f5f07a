"""What bureaus do: fill the forms they got, correct, blank out, withdraw, send again."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from desks import extent, opened, pleas, put, saved, slots, table_alone
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from openpyxl.workbook import Workbook
from world import Return, Typed, World, one, place_of

from pdsfz_xl import layout
from pdsfz_xl import text as texts
from pdsfz_xl import wording as w

SHAPES = (
    "办理 {n} 件", "{n}", "第一段 {n}\n\n第二段：😀 𠮷", "无 {n}", "详见附件{n}。",
    "<b>&amp;{n}</b>", "={n}+1", "长" * 1_050 + "{n}", "2019年{n}件；联系电话 13800138000",
)  # fmt: skip
CHOICES = ("", "", "", w.ANSWERED, w.NOTHING, w.NOT_OURS)


class Bureaus(World):
    @rule(data=st.data())
    def a_bureau_fills_its_form(self, data) -> None:
        """Any form it ever got: the first, a later one, one that was sent back to it."""
        unit = data.draw(st.sampled_from(sorted(self.forms)))
        form = one(data, self.forms[unit])
        self.send(data, unit, form)

    @precondition(lambda self: any(self.sent.values()))
    @rule(data=st.data())
    def a_bureau_corrects_what_it_sent(self, data) -> None:
        unit = data.draw(st.sampled_from(sorted(u for u in self.sent if self.sent[u])))
        before = one(data, self.sent[unit])
        self.send(data, unit, before.data)

    @precondition(lambda self: self.marked)
    @rule(data=st.data())
    def a_bureau_explains(self, data) -> None:
        """Why something need not be changed, in the form that was sent back to it."""
        self.send(data, *one(data, self.marked), explains=True)

    def send(self, data, unit: str, form: bytes, *, explains: bool = False) -> None:
        book = opened(form)
        for plea in pleas(book):
            if explains and data.draw(st.integers(0, 2)):
                book[w.FINDINGS_SHEET][plea.cell] = f"因故{self.next()}\n不改"
        given = {slot.row: slot for slot in slots(book)}
        rows = data.draw(
            st.lists(st.sampled_from(sorted(given)), unique=True, min_size=1, max_size=3)
        )
        for row in rows:
            if data.draw(st.integers(0, 4)) == 0:
                put(book, row, data.draw(st.sampled_from(layout.TO_FILL)), None)
                continue
            if data.draw(st.integers(0, 3)):
                put(book, row, w.ANSWER, self.text(data))
            if choice := data.draw(st.sampled_from(CHOICES)):
                put(book, row, w.STATUS, choice)
            if data.draw(st.integers(0, 3)) == 0:
                put(book, row, w.QUANTITY, self.next())
        loose = []
        if data.draw(st.integers(0, 4)) == 0:
            loose.append(f"另注{self.next()}")
            sheet, cell = data.draw(st.sampled_from([
                (w.FORM_SHEET, "P3"), (w.FORM_SHEET, "P7"), (w.GUIDE_SHEET, "H4"),
            ]))  # fmt: skip
            book[sheet][cell] = loose[0]
        if given and data.draw(st.integers(0, 4)) == 0:
            sheet = book[w.EVIDENCE_SHEET]
            slot = one(data, [given[row] for row in sorted(given)])
            code = book[w.FORM_SHEET].cell(slot.row, 1).value
            row = next(r for r in range(2, 100) if not sheet.cell(r, 2).value)
            sheet.cell(row, 1).value = code
            sheet.cell(row, 2).value = f"附件{self.next()}.pdf"
            sheet.cell(row, 6).value = f"说明{self.next()}"
        coded = data.draw(st.integers(0, 9)) > 0
        typed = tuple(self.typed(book, given, loose, coded))
        if not coded:
            book = table_alone(book)
        when = self.now - timedelta(hours=data.draw(st.integers(-30, 72)))
        returned = Return(unit, saved(book, when), typed, coded)
        self.extents[returned.digest] = extent(book)
        if coded:
            self.sent[unit].append(returned)
        own = sorted(n for n, f in self.zone.items() if isinstance(f, Return) and f.unit == unit)
        name = f"报送{self.next()}.xlsx"
        name = data.draw(st.sampled_from([name, name, *own]))
        note(f"{name}: {typed}")
        self.drop(name, returned)

    def text(self, data) -> str:
        said = data.draw(st.sampled_from(SHAPES)).format(n=self.next())
        before = sorted({t.said for f in self.known.values() if isinstance(f, Return)
                         for t in f.typed if t.kind == "text"})  # fmt: skip
        if before and data.draw(st.integers(0, 5)) == 0:
            return data.draw(st.sampled_from(before))
        return said

    def typed(self, book: Workbook, given, loose: list[str], coded: bool) -> Iterator[Typed]:
        """What stands where a bureau writes, but for what came with the form and is unchanged."""
        for slot in slots(book):
            place = slot.unit, slot.requirement
            before = given[slot.row].said
            choice, text = str(slot.said[w.STATUS] or ""), str(slot.said[w.ANSWER] or "")
            came = text == str(before[w.ANSWER] or "") and self.is_previous(before)
            if text and not (came and (choice.startswith(w.PREVIOUS) or not choice)):
                yield Typed(place, "text", texts.tidy(text))
            if choice and not choice.startswith(w.PREVIOUS):
                yield Typed(place, "choice", choice)
            if (number := slot.said[w.QUANTITY]) is not None and not self.is_previous(before):
                yield Typed(place, "figure", f"{number:g}")
        if coded:
            sheet = book[w.EVIDENCE_SHEET]
            for code, name, *_, note in sheet.iter_rows(2, 99, max_col=6, values_only=True):
                if name:
                    place = place_of("-".join(str(code).split("-")[:3]))
                    yield Typed(place, "evidence", name)
                    yield from [Typed(place, "evidence", note)] if note else []
            yield from (Typed(p.place, "explanation", p.said) for p in pleas(book) if p.said)
            yield from (Typed(("", ""), "loose", said) for said in loose)

    def is_previous(self, before: dict[str, Any]) -> bool:
        return str(before[w.STATUS] or "").startswith(w.PREVIOUS)

    @precondition(lambda self: self.zone)
    @rule(data=st.data())
    def the_same_file_comes_twice(self, data) -> None:
        name = data.draw(st.sampled_from(sorted(self.zone)))
        self.drop(f"{name.removesuffix('.xlsx')}(1).xlsx", self.zone[name])

    @precondition(lambda self: self.zone)
    @rule(data=st.data())
    def a_file_is_withdrawn(self, data) -> None:
        name = data.draw(st.sampled_from(sorted(self.zone)))
        del self.zone[name]
        (self.ws.dropzone / name).unlink()

    @precondition(lambda self: self.archive_of_returns())
    @rule(data=st.data())
    def an_original_is_brought_back(self, data) -> None:
        """As finding F10 says: out of 存档, under another name."""
        path = one(data, self.archive_of_returns())
        digest = sha256(path.read_bytes()).hexdigest()
        self.drop(f"找回{self.next()}.xlsx", self.known[digest])

    def archive_of_returns(self) -> list[Path]:
        here = {file.digest[:8] for file in self.zone.values()}
        mine = {d[:8] for d, f in self.known.items() if isinstance(f, Return)} - here
        return [self.ws.archive_folder / n for n in sorted(self.archive) if n[-13:-5] in mine]
