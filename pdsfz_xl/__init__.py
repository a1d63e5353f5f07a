"""pdsfz-xl: one locked workbook per bureau, read back, merged, checked, laid on paper."""
