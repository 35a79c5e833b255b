"""Dialogs that several of the UI's pages have."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def save_tag(page: Page, key: str, value: str) -> None:
    """In the dialog of tags, which is open: add one, and save."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").click()
    page.keyboard.type(key)
    page.keyboard.press("Enter")
    dialog.get_by_label("Value").fill(value)
    dialog.get_by_role("button", name="Add tag").click()
    dialog.get_by_role("button", name="Save tags").click()
    expect(dialog).to_be_hidden()
