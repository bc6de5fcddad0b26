"""To a provider and back in a real browser: our policy lets the page go on, and the session is known on return."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.browser.house import House

pytestmark = pytest.mark.browser


def test_a_person_goes_to_the_provider_and_comes_back(house: House) -> None:
    page = house.sit("tomasz")
    asked: dict[str, str] = {}

    def provider(route: Route) -> None:
        asked.update(parse_qsl(urlsplit(route.request.url).query))
        back = f"{asked['redirect_uri']}?state={asked['state']}&error=access_denied"
        route.fulfill(status=200, content_type="text/html", body=f'<a href="{back}">Deny</a>')

    page.route("https://accounts.google.com/**", provider)
    page.goto("/admin/mail/mailbox/connect/")
    expect(page.locator("#redirect-uri")).to_have_text(f"{house.address}/admin/mail/mailbox/connected/")
    page.get_by_label("Inbox").select_option(index=1)
    page.get_by_label("Account").fill("help@example.org")
    page.get_by_label("Client id").fill("desk")
    page.get_by_label("Client secret", exact=False).first.fill("Zitronenfalter 9")
    page.get_by_role("button", name="Connect").click()
    page.wait_for_url("https://accounts.google.com/**")
    page.get_by_role("link", name="Deny").click()

    expect(page.get_by_text("The provider did not let the desk in: access_denied")).to_be_visible()
    expect(page.get_by_text("Signs in by OAuth2 (Google)")).to_be_visible()
    assert "Zitronenfalter" not in page.content()
    mailbox = page.url
    page.get_by_role("button", name="Connect again").click()
    page.wait_for_url("https://accounts.google.com/**")
    assert asked["login_hint"] == "help@example.org"
    page.goto(mailbox.replace("/change/", "/delete/"))
    page.locator("input[type=submit]").click()
    page.wait_for_url("**/admin/mail/mailbox/")
