"""Events of callouts and of what ends at a time: WordPress itself shows the public neither."""

from __future__ import annotations

from tests.publisher.event_catalogue import event, make_post, where
from tests.publisher.event_stage import Stage


@event("a callout is published")
def publish(stage: Stage) -> list[str]:
    body = {"sos_placement": "banner", "sos_priority": 7}
    callout = make_post(stage, "BANNER-TITLE", kind="sos-callouts", **body)
    stage.notes["callout"] = callout["id"]
    stage.shows("/", "BANNER-TITLE")
    return ["/", "/category/news/"]


@event("a callout is corrected, and takes the whole page")
def correct(stage: Stage) -> list[str]:
    body = {"title": "TAKEOVER-TITLE", "sos_placement": "takeover"}
    stage.editor.rest(f"/wp/v2/sos-callouts/{stage.notes['callout']}", body, method="PUT")
    stage.shows("/", "callout-takeover")
    stage.shows("/", "TAKEOVER-TITLE")
    return []


@event("a callout is withdrawn")
def withdraw(stage: Stage) -> list[str]:
    stage.editor.rest(
        f"/wp/v2/sos-callouts/{stage.notes['callout']}", {"status": "draft"}, method="PUT"
    )
    stage.holds_no(f"post:{stage.notes['callout']}")
    stage.shows("/", "TAKEOVER-TITLE", False)
    return ["/"]


@event("a post gets an end")
def expire(stage: Stage) -> list[str]:
    post = make_post(stage, "With an end", date="2024-04-02T10:00:00")
    stage.notes["ending"] = post
    stage.begin()
    body = {"sos_expires": "2087-01-01T00:00:00"}
    stage.editor.rest(f"/wp/v2/posts/{post['id']}", body, method="PUT")
    stage.holds(f"post:{post['id']}", '"expires_gmt":"2087-01-01T00:00:00"')
    return [where(stage, post)]


@event("a post has no end any more")
def keep(stage: Stage) -> list[str]:
    post = stage.notes["ending"]
    stage.editor.rest(f"/wp/v2/posts/{post['id']}", {"sos_expires": ""}, method="PUT")
    stage.holds(f"post:{post['id']}", "With an end")
    return [where(stage, post)]
