"""The printable page of leads: text alone, no picture, no script, nothing from outside."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import Any

from firstlight.cli.output import short_time

MEDIA_SHOWN = 25


def leads_page(document: dict[str, Any]) -> str:
    """Lay out the document of ``leads --json`` as one HTML page."""
    style = (files("firstlight.cli") / "leads.css").read_text("utf-8")
    rows = "".join(_list_row(row) for row in document["lists"])
    lists = f"<table>{rows}</table>"
    if not document["is_matching_complete"]:
        lists = "<p class='warning'>Comparing with the lists was not finished: not checked.</p>"
    elif all(row["purpose"] == "known-good" for row in document["lists"]):
        lists += "<p class='warning'>No list is loaded of known material: not checked.</p>"
    body = "".join(_lead(lead) for lead in document["leads"])
    case = escape(document["case"])
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        f"<title>Leads of case {case}</title><style>{style}</style></head><body>"
        f"<header><h1>Leads of case {case}</h1>"
        f"<p>As of {escape(short_time(document['at']))}. A match is a machine's output; "
        "what it means, a person decides.</p></header>"
        f"<section><h2>Lists searched</h2>{lists}</section>"
        f"<main>{body or '<p>No leads.</p>'}</main></body></html>\n"
    )


def _list_row(row: dict[str, Any]) -> str:
    words = f"{row['purpose']}; {row['near_copies']} entries can match near-copies"
    if row["purpose"] == "known-good":
        trust = "trusted" if row["is_trusted"] else "not declared trusted"
        words = f"known-good, by exact digest only; {trust}"
    return f"<tr><th scope='row'>{escape(row['list'])}</th><td>{escape(words)}</td></tr>"


def _lead(lead: dict[str, Any]) -> str:
    evidence = "".join(
        f"<tr><th scope='row'>{escape(item['name'])}</th><td>{escape(item['value'])}</td></tr>"
        for item in lead["evidence"]
    )
    return (
        f"<article><h2>{lead['place']}. {escape(lead['title'])}</h2>"
        f"<p>{escape(lead['why'])}</p>"
        f"<table>{evidence}</table>"
        f"<p><strong>Next:</strong> {escape(lead['next_step'])}</p>"
        f"<p class='limits'><strong>Does not prove:</strong> {escape(lead['limits'])}</p>"
        f"{_media(lead['media'])}</article>"
    )


def _media(media: list[dict[str, Any]]) -> str:
    rows = "".join(
        f"<li><code>{escape(item['media_id'][:16])}</code> "
        + "; ".join(escape(seen["path"]) for seen in item["sightings"])
        + "</li>"
        for item in media[:MEDIA_SHOWN]
    )
    rest = len(media) - MEDIA_SHOWN
    more = f"<p>and {rest} more media (see --json)</p>" if rest > 0 else ""
    return f"<details open><summary>{len(media)} media</summary><ul>{rows}</ul>{more}</details>"
