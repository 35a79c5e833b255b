"""The table of an experiment's runs, as its user handles it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


class RunsTable:
    """On a page that shows one, or is about to."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def run(self, name: str) -> Locator:
        """The run's row, or rather the part of it that does not scroll sideways."""
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=name, exact=True))

    def expect_order(self, *names: str) -> None:
        """These runs come first."""
        for number, name in enumerate(names):
            link = self.page.locator(f'.ag-row[row-index="{number}"]').get_by_role("link", name=name)
            expect(link).to_be_visible()

    def cell(self, number: int, column: str) -> Locator:
        """In the row of that number, the value of a column such as ``metrics.`accuracy```."""
        return self.page.locator(f'.ag-row[row-index="{number}"] .ag-cell[col-id="{column}"]')

    def expect_count(self, number: int) -> None:
        """So many runs are loaded."""
        expect(self.page.get_by_text(f"{number} matching run{'s' * (number != 1)}")).to_be_visible()

    def search(self, text: str) -> None:
        self.page.get_by_role("combobox", name="metrics.rmse").fill(text)
        self.page.keyboard.press("Enter")

    def select(self, *names: str) -> None:
        for name in names:
            self.run(name).get_by_role("checkbox").first.click()

    def sort_by(self, name: str) -> None:
        """The direction stays as it is."""
        self.page.get_by_test_id("sort-select-dropdown").click()
        self.page.get_by_role("menuitemcheckbox", name=name, exact=True).click()

    def sort_by_head(self, name: str) -> None:
        """By the column, or the other way round if it is that already."""
        self.page.locator(".ag-header-cell").filter(has_text=name).click()

    def toggle_columns(self, *names: str) -> None:
        """Show those that are not shown, and hide the others: what is out of sight is not in the page."""
        self.page.get_by_role("button", name="Columns", exact=True).click()
        for name in names:
            self.page.get_by_role("dialog").get_by_text(name, exact=True).click()
        self.page.keyboard.press("Escape")

    def load_more(self) -> None:
        """Of the next page of runs; the button is after the last row."""
        self.page.locator(".ag-body-viewport").evaluate("table => table.scrollTo(0, table.scrollHeight)")
        self.page.get_by_role("button", name="Load more").click()

    def view(self, mode: str) -> None:
        """TABLE, CHART or ARTIFACT."""
        self.page.locator(f"label:has(input[value={mode}])").click()

    def only(self, state: str) -> None:
        """Active or Deleted runs."""
        self.page.get_by_test_id("lifecycle-filter").click()
        self.page.get_by_role("option", name=state).click()
