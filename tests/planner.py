"""What happens to the master while the campaign goes on."""

from collections.abc import Callable
from datetime import date, timedelta

from desks import column, edited
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import rule
from openpyxl.workbook import Workbook
from world import NAMES, World, asked_for, one

from pdsfz_xl import wording as w


class Planner(World):
    @rule(data=st.data())
    def the_master_is_edited(self, data) -> None:
        edits = [
            self.a_requirement_changes_hands,
            self.a_requirement_is_reworded,
            self.a_requirement_is_added,
            self.a_requirement_is_removed,
            self.a_unit_is_added,
            self.a_unit_is_removed,
            self.a_unit_is_renamed,
            self.a_deadline_is_moved,
            self.a_finding_is_waived,
        ]
        edit = one(data, edits)
        note(edit.__name__)
        edit(data)

    def edit_master(self, edit: Callable[[Workbook], object]) -> None:
        self.ws.master.write_bytes(edited(self.ws.master.read_bytes(), self.now, edit))

    def row_of(self, book: Workbook, sheet: str, caption: str, said: str) -> int:
        at = column(book[sheet], caption)
        return next(r for r in range(2, 300) if book[sheet].cell(r, at).value == said)

    def name_duties(self, book: Workbook) -> None:
        sheet = book[w.TABLE_SHEET]
        for key, units in self.duties.items():
            row = self.row_of(book, w.TABLE_SHEET, "编码", key)
            sheet.cell(row, column(sheet, w.RESPONSIBLE)).value = "、".join(
                self.units[unit] for unit in units
            )

    def a_requirement_changes_hands(self, data) -> None:
        """To another unit, to one more, or to one less."""
        key = data.draw(st.sampled_from(sorted(self.duties)))
        units = data.draw(st.lists(st.sampled_from(sorted(self.units)), min_size=1, max_size=2,
                                   unique=True))  # fmt: skip
        self.duties[key] = units
        self.edit_master(self.name_duties)

    def a_requirement_is_reworded(self, data) -> None:
        key = data.draw(st.sampled_from(sorted(self.duties)))
        caption = data.draw(st.sampled_from([w.MATERIAL, w.INDICATOR, w.METHOD]))
        said = f"改写{self.next()}"

        def edit(book: Workbook) -> None:
            sheet = book[w.TABLE_SHEET]
            row = self.row_of(book, w.TABLE_SHEET, "编码", key)
            sheet.cell(row, column(sheet, caption)).value = said

        self.edit_master(edit)

    def a_requirement_is_removed(self, data) -> None:
        if len(self.duties) < 3:
            return
        key = data.draw(st.sampled_from(sorted(self.duties)))
        del self.duties[key]
        self.edit_master(
            lambda book: book[w.TABLE_SHEET].delete_rows(
                self.row_of(book, w.TABLE_SHEET, "编码", key)
            )
        )

    def a_requirement_is_added(self, data) -> None:
        """A new one, or one under the key of one that was removed."""
        absent = [key for key in ("01", "02.1", "03", "04", "05", "06") if key not in self.duties]
        if not absent:
            return
        key = data.draw(st.sampled_from(absent))
        self.duties[key] = [data.draw(st.sampled_from(sorted(self.units)))]
        said = f"新增{self.next()}"

        def edit(book: Workbook) -> None:
            sheet = book[w.TABLE_SHEET]
            at = column(sheet, "编码")
            row = next(r for r in range(2, 300) if not sheet.cell(r, at).value)
            for caption, value in asked_for(key, said).items():
                sheet.cell(row, column(sheet, caption)).value = value
            self.name_duties(book)

        self.edit_master(edit)

    def a_unit_is_removed(self, data) -> None:
        if len(self.units) < 3:
            return
        gone = data.draw(st.sampled_from(sorted(self.units)))
        name = self.units.pop(gone)
        self.extended.pop(gone, None)
        heir = min(self.units)
        for key, units in self.duties.items():
            self.duties[key] = [unit for unit in units if unit != gone] or [heir]

        def edit(book: Workbook) -> None:
            book[w.UNITS_SHEET].delete_rows(self.row_of(book, w.UNITS_SHEET, "单位名称", name))
            self.name_duties(book)

        self.edit_master(edit)

    def a_unit_is_added(self, data) -> None:
        """Also one that was there before."""
        absent = sorted(NAMES.keys() - self.units.keys())
        if not absent:
            return
        code = data.draw(st.sampled_from(absent))
        self.units[code] = NAMES[code]
        key = data.draw(st.sampled_from(sorted(self.duties)))
        self.duties[key] = [*self.duties[key], code]

        def edit(book: Workbook) -> None:
            sheet = book[w.UNITS_SHEET]
            at = column(sheet, "代码")
            row = next(r for r in range(2, 300) if not sheet.cell(r, at).value)
            sheet.cell(row, at).value = code
            sheet.cell(row, column(sheet, "单位名称")).value = NAMES[code]
            self.name_duties(book)

        self.edit_master(edit)

    def a_unit_is_renamed(self, data) -> None:
        code = data.draw(st.sampled_from(sorted(self.units)))
        old, new = self.units[code], f"{NAMES[code][:2]}新{self.next()}局"
        self.units[code] = new

        def edit(book: Workbook) -> None:
            sheet = book[w.UNITS_SHEET]
            row = self.row_of(book, w.UNITS_SHEET, "单位名称", old)
            sheet.cell(row, column(sheet, "单位名称")).value = new
            alias = sheet.cell(row, column(sheet, "别名"))
            alias.value = "、".join(filter(None, [alias.value, old]))
            self.name_duties(book)

        self.edit_master(edit)

    def a_deadline_is_moved(self, data) -> None:
        """For everybody, or for one unit, which gets more days than the rest."""
        code = data.draw(st.sampled_from(["", *sorted(self.units)]))
        first = self.deadline if code else date(2019, 10, 9)
        last = date(2019, 11, 9) if code else min([date(2019, 10, 31), *self.extended.values()])
        day = first + timedelta(days=data.draw(st.integers(0, (last - first).days)))

        def edit(book: Workbook) -> None:
            if code:
                sheet = book[w.UNITS_SHEET]
                row = self.row_of(book, w.UNITS_SHEET, "单位名称", self.units[code])
                sheet.cell(row, column(sheet, "延期至")).value = day
            else:
                sheet = book[w.SETTINGS_SHEET]
                sheet.cell(self.row_of(book, w.SETTINGS_SHEET, sheet["A1"].value, "报送截止日期"),
                           2).value = day  # fmt: skip

        self.edit_master(edit)
        if code:
            self.extended[code] = day
        else:
            self.deadline = day

    def a_finding_is_waived(self, data) -> None:
        code = data.draw(st.sampled_from(sorted(self.units)))
        key = data.draw(st.sampled_from(["", *sorted(self.duties)]))
        broken = data.draw(st.sampled_from(["G02", "L01", "S01", "X01", "T02"]))

        def edit(book: Workbook) -> None:
            sheet = book[w.WAIVERS_SHEET]
            row = next(r for r in range(2, 300) if not sheet.cell(r, 1).value)
            said = [self.units[code], key, broken, "经领导同意", "李四", "2019-10-20"]
            for at, value in enumerate(said, 1):
                sheet.cell(row, at).value = value

        self.edit_master(edit)
