"""What the clerk does in 汇总表.xlsx: writes, chooses, registers, rearranges, copies."""

import copy
from datetime import timedelta

from desks import column, lines, opened, saved, shuffle_rows, version_of
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from openpyxl.comments import Comment
from openpyxl.workbook import Workbook
from world import Choice, Copied, Words, World, key_of, one, orphan_of, place_of

from pdsfz_xl import wording as w
from pdsfz_xl.states import Reply

OWN = "经办人记"
"""A column the clerk added."""

FREE = [
    *[(w.MERGED_SHEET, "代录内容")] * 4, *[(w.MERGED_SHEET, "审核意见")] * 4,
    *[(w.MERGED_SHEET, "修改稿")] * 2,
    (w.MERGED_SHEET, "代录来源"), (w.MERGED_SHEET, w.ANSWER), (w.MERGED_SHEET, OWN),
    (w.MERGED_SHEET, "审核结论"), (w.FINAL_SHEET, "定稿文本"), (w.FINAL_SHEET, "审定人"),
    (w.REGISTER_SHEET, w.NOTE), (w.REGISTER_SHEET, "纸质版收到日期"),
    (w.REASSIGN_SHEET, "处理意见"), (w.OVERVIEW_SHEET, OWN), (w.FINDINGS_SHEET, OWN),
    (w.CONFLICT_SHEET, OWN), (w.LEFTOVER_SHEET, OWN), (w.CHANGED_SHEET, OWN),
]  # fmt: skip
"""Where the clerk writes whatever comes to mind, most often beside the answers."""
VERDICTS = {"审核结论": w.REVIEW_VERDICTS}
COMMENTED = (w.ANSWER, w.UNIT, "审核意见")


class Clerk(World):
    def here(self) -> Workbook:
        return opened(self.ws.merged.read_bytes())

    @precondition(lambda self: self.ws.merged.exists())
    @rule(data=st.data())
    def the_clerk_writes(self, data) -> None:
        book = self.here()
        self.write(data, book, self.words)
        self.ws.merged.write_bytes(saved(book, self.now))

    def write(self, data, book: Workbook, words: Words) -> None:
        """A few words into any columns; a cell that is emptied loses what stood there."""
        for _ in range(data.draw(st.integers(1, 3))):
            there = [(s, c) for s, c in FREE if s in book.sheetnames and book[s].max_row > 1]
            sheet, caption = data.draw(st.sampled_from(there))
            rows = [line for line in lines(book[sheet]) if line.key]
            if not rows:
                continue
            known = [x for x in rows if (sheet, key_of(sheet, x), caption) in words]
            line = one(data, known if known and data.draw(st.booleans()) else rows)
            said = data.draw(st.sampled_from(VERDICTS[caption])) if caption in VERDICTS else (
                f"批{self.next()}\n续"
            )  # fmt: skip
            spot = sheet, key_of(sheet, line), caption
            cell = book[sheet].cell(line.row, column(book[sheet], caption))
            note(f"{spot}: {said}")
            if caption == w.ANSWER:
                spot = sheet, line.key, w.PROPOSAL
                if spot not in self.touched:
                    self.touched.add(spot)
                    cell.value = said
                    words.setdefault(spot, []).append(said)
            elif data.draw(st.integers(0, 5)) == 0:
                cell.value = None
                words.pop(spot, None)
            else:
                cell.value = said
                words[spot] = [said]

    @precondition(lambda self: self.ws.merged.exists())
    @rule(data=st.data())
    def the_clerk_writes_where_nothing_belongs(self, data) -> None:
        """A comment, a remark below the table, a sheet of his own."""
        book = self.here()
        said = f"记{self.next()}"
        sheet = book[data.draw(st.sampled_from([w.MERGED_SHEET, w.FINAL_SHEET, w.REGISTER_SHEET]))]
        where = data.draw(st.sampled_from(["comment", "below", "sheet"]))
        if where == "sheet":
            own = book["备忘"] if "备忘" in book.sheetnames else book.create_sheet("备忘")
            own.cell(own.max_row + 1, 2).value = said
        elif where == "below":
            sheet.cell(sheet.max_row + 2, 3).value = said
        else:
            captions = [c.value for c in sheet[1] if c.value in COMMENTED] or [sheet["A1"].value]
            row = data.draw(st.integers(1, sheet.max_row))
            cell = sheet.cell(row, column(sheet, data.draw(st.sampled_from(captions))))
            if cell.comment:
                return
            cell.comment = Comment(said, "经办人")
        self.loose.append(said)
        self.ws.merged.write_bytes(saved(book, self.now))

    @precondition(lambda self: self.ws.merged.exists())
    @rule(data=st.data())
    def the_clerk_rearranges(self, data) -> None:
        """Sorted, hidden, a column put in, a sheet copied: nothing is said by that."""
        book = self.here()
        sheet = book[data.draw(st.sampled_from([w.MERGED_SHEET, w.FINAL_SHEET, w.REGISTER_SHEET,
                                                w.CONFLICT_SHEET]))]  # fmt: skip
        match data.draw(st.sampled_from(["sort", "insert", "copy", "hide"])):
            case "sort" if sheet.max_row > 2:
                order = data.draw(st.permutations(range(sheet.max_row - 1)))
                shuffle_rows(sheet, order)
            case "insert":
                sheet.insert_cols(3)
            case "copy" if sheet.title in (w.MERGED_SHEET, w.FINAL_SHEET):
                book.copy_worksheet(sheet).title = f"{sheet.title} (2)"
                if len([s for s in book.sheetnames if s.startswith(sheet.title)]) > 2:
                    return
            case _:
                sheet.column_dimensions["E"].hidden = True
                sheet.row_dimensions[2].hidden = True
        self.ws.merged.write_bytes(saved(book, self.now))

    @precondition(lambda self: self.ws.merged.exists())
    @rule(data=st.data())
    def the_clerk_registers(self, data) -> None:
        """作废, 归属单位, 实际收到时间 of a file; 改派单位 of what is nobody's duty."""
        book = self.here()
        moment = f"{self.now - timedelta(days=data.draw(st.integers(0, 20))):%Y-%m-%d %H:%M}"
        units = sorted(self.units.values())
        sheet, caption, offered = data.draw(st.sampled_from([
            (w.REGISTER_SHEET, "作废", ["", w.YES, w.YES]),
            (w.REGISTER_SHEET, "归属单位", ["", *units]),
            (w.REGISTER_SHEET, "实际收到时间", ["", moment]),
            (w.REASSIGN_SHEET, "改派单位", ["", *units]),
        ]))  # fmt: skip
        rows = [x for x in lines(book[sheet]) if x.key and len(x.key) != 2]
        if not rows:
            return
        line, said = one(data, rows), data.draw(st.sampled_from(offered))
        for twin in (x for x in rows if x.key == line.key):
            book[sheet].cell(twin.row, column(book[sheet], caption)).value = None
        book[sheet].cell(line.row, column(book[sheet], caption)).value = said or None
        self.words.pop((sheet, line.key, caption), None)
        if said:
            self.words[sheet, line.key, caption] = [said]
        self.ws.merged.write_bytes(saved(book, self.now))

    @precondition(lambda self: w.CONFLICT_SHEET in self.filled)
    @rule(data=st.data())
    def the_clerk_chooses_a_version(self, data) -> None:
        book = self.here()
        sheet = book[w.CONFLICT_SHEET]
        rows = list(lines(sheet))
        if not rows:
            return
        line = one(data, rows)
        mine = [x for x in rows if x.key == line.key]
        version = one(data, [None, *mine])
        for other in mine:
            sheet.cell(other.row, column(sheet, "采用")).value = None
        self.chosen.pop(place_of(line.key), None)
        if version:
            sheet.cell(line.row, column(sheet, "采用")).value = int(version.said["版本"])
            listed = frozenset(map(version_of, mine))
            self.chosen[place_of(line.key)] = Choice(version.said.get(w.ANSWER, ""), listed)
        self.ws.merged.write_bytes(saved(book, self.now))

    @precondition(lambda self: w.FINDINGS_SHEET in self.filled)
    @rule(data=st.data())
    def the_clerk_replies_to_an_explanation(self, data) -> None:
        book = self.here()
        sheet = book[w.FINDINGS_SHEET]
        rows = [x for x in lines(sheet) if w.UNITS_WORD in x.said]
        if not rows:
            return
        code = one(data, rows).said[w.CODE]
        reply = data.draw(st.sampled_from([None, *Reply]))
        remark = f"再说{self.next()}" if reply == Reply.SENT_BACK else None
        for caption, said in ((w.REPLY, reply), (w.REMARK, remark)):
            for line in (x for x in rows if x.said[w.CODE] == code):
                sheet.cell(line.row, column(sheet, caption)).value = said
            self.words.pop((w.FINDINGS_SHEET, code, caption), None)
            if said:
                self.words[w.FINDINGS_SHEET, code, caption] = [said]
        self.ws.merged.write_bytes(saved(book, self.now))

    @precondition(lambda self: w.ORPHAN_SHEET in self.filled)
    @rule(data=st.data())
    def the_clerk_settles_a_lost_remark(self, data) -> None:
        book = self.here()
        sheet = book[w.ORPHAN_SHEET]
        line = one(data, list(lines(sheet)))
        if w.CONTENT not in line.said or orphan_of(line)[2] == "采用":
            return
        sheet.cell(line.row, column(sheet, w.CONTENT)).value = None
        self.words.pop(orphan_of(line), None)
        self.loose = [said for said in self.loose if said not in line.said[w.CONTENT]]
        self.ws.merged.write_bytes(saved(book, self.now))

    @precondition(lambda self: self.ws.merged.exists())
    @rule(data=st.data())
    def a_copy_is_taken_elsewhere_and_written_in(self, data) -> None:
        book, words = self.here(), copy.deepcopy(self.words)
        touched = set(self.touched)
        self.touched |= {spot for spot in words if spot[2] == w.PROPOSAL}
        self.write(data, book, words)
        self.touched = touched
        self.copies.append(
            Copied(
                saved(book, self.now),
                words,
                dict(self.chosen),
                copy.deepcopy(self.carried),
                dict(self.chosen_before),
            )
        )

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def that_copy_is_dropped(self, data) -> None:
        self.drop(f"汇总表-带走{self.next()}.xlsx", one(data, self.copies))
