"""Picking leads out of those of a made case."""

from __future__ import annotations

from tests.unit.link.made_case import case

from firstlight.triage.leads import build_leads


def leads_of(kind, facts):
    return [lead for lead in build_leads(facts) if lead.kind == kind]


def the_lead(kind, facts):
    (lead,) = leads_of(kind, facts)
    return lead


def numbers(lead):
    return [int(media_id, 16) for media_id in lead.media_ids]


def kinds_of(*media, **more):
    return {lead.kind for lead in build_leads(case(*media, **more))}
