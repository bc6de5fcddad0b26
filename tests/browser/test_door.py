"""Through the door in a real browser: enrolment with its codes shown once, wrong codes, sign-out."""

import re

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House

pytestmark = pytest.mark.browser

_AFTER_WRONG_MS = 1500
"""After a wrong code the next one is read a second later."""


def _password_step(page: Page, email: str, password: str) -> None:
    page.goto("/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continue").click()


def test_new_person_enrols_and_sees_the_codes_once(house: House) -> None:
    user = house.newcomer()
    page = house.stranger().new_page()

    _password_step(page, user["email"], user["password"])
    page.wait_for_url("**/login/enrol/")
    expect(page.locator(".qr-box svg")).to_be_visible()
    page.goto("/")
    page.wait_for_url("**/login/enrol/")
    secret = re.sub(r"\s", "", page.locator(".secret code").inner_text())
    page.get_by_role("textbox", name="Code").fill("000000" if pyotp.TOTP(secret).now() != "000000" else "111111")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("This code is not right")).to_be_visible()
    assert re.sub(r"\s", "", page.locator(".secret code").inner_text()) == secret
    page.wait_for_timeout(_AFTER_WRONG_MS)
    page.get_by_role("textbox", name="Code").fill(house.code(secret))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Keep these codes")).to_be_visible()
    codes = page.locator(".codes code").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    page.wait_for_selector("nav.nav")
    page.goto("/login/codes/")

    assert len(set(codes)) == len(codes) >= 8
    assert not any(code in page.content() for code in codes)
    house.forgive("400")


def test_recovery_code_and_wrong_code(house: House) -> None:
    user = house.user("nina")
    page = house.stranger().new_page()

    _password_step(page, user["email"], user["password"])
    page.wait_for_url("**/login/code/")
    page.goto("/")
    page.wait_for_url("**/login/**")
    page.goto("/login/code/")
    right = pyotp.TOTP(user["totp_secret"]).now()
    page.get_by_role("textbox", name="Code").fill(f"{(int(right) + 1) % 1_000_000:06d}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This code is not right")).to_be_visible()
    assert page.get_by_role("textbox", name="Code").evaluate("node => document.activeElement === node")
    house.forgive("400")


def test_signing_out_closes_every_tab(house: House) -> None:
    page = house.sit("nina", fresh=True)
    other = page.context.new_page()
    other.goto("/")

    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("You are signed out").wait_for()
    other.goto("/")

    assert other.url.startswith(f"{house.address}/login/")
    house.forgive("401")
