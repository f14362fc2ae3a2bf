"""In charge of: the URL table of the settings. Not in charge of: its pages (`web.desk`), or other tables (`routes`)."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from gateway.web.desk import (
    audit,
    bulk,
    company,
    imports,
    keeping,
    keys,
    look,
    members,
    personal,
    security,
    set_up,
    settings,
    templates,
    webhooks,
)
from gateway.web.visits import for_members

READ, WRITE, BOTH = ["GET"], ["POST"], ["GET", "POST"]


def settings_routes() -> list[BaseRoute]:
    """Everything under /desk/settings."""
    return [
        Route("/desk/settings/personal", for_members(personal.personal_page), methods=BOTH),
        Route("/desk/settings/setup", for_members(set_up.resume_page), methods=READ),
        Route("/desk/settings/setup/test/{channel}", for_members(set_up.test_part), methods=READ),
        Route("/desk/settings/setup/{step}", for_members(set_up.set_up_page), methods=BOTH),
        Route("/desk/settings/security", for_members(security.security_page), methods=BOTH),
        Route("/desk/settings/company", for_members(company.company_page), methods=BOTH),
        Route("/desk/settings/look", for_members(look.look_page), methods=BOTH),
        Route("/desk/settings/keeping", for_members(keeping.keeping_page), methods=BOTH),
        Route("/desk/settings/audit", for_members(audit.audit_page), methods=READ),
        Route("/desk/settings/audit.csv", for_members(audit.audit_csv), methods=READ),
        Route("/desk/settings/members", for_members(members.members_page), methods=BOTH),
        Route("/desk/settings/members/{member_id}", for_members(members.change_member), methods=WRITE),
        Route("/desk/settings", for_members(settings.settings_page), methods=BOTH),
        Route("/desk/settings/templates", for_members(templates.templates_page), methods=READ),
        Route("/desk/settings/new-template", for_members(templates.new_template_page), methods=BOTH),
        Route("/desk/settings/templates/{key}", for_members(templates.template_page), methods=BOTH),
        Route("/desk/settings/bulk", for_members(bulk.bulks_page), methods=READ),
        Route("/desk/settings/new-bulk", for_members(bulk.new_bulk_page), methods=BOTH),
        Route("/desk/settings/bulk/{bulk_id}", for_members(bulk.bulk_page), methods=BOTH),
        Route("/desk/settings/import", for_members(imports.import_page), methods=BOTH),
        Route("/desk/settings/keys", for_members(keys.keys_page), methods=BOTH),
        Route("/desk/settings/keys/{key_id}", for_members(keys.change_key), methods=WRITE),
        Route("/desk/settings/webhooks", for_members(webhooks.webhooks_page), methods=BOTH),
        Route("/desk/settings/webhooks/{webhook_id}", for_members(webhooks.webhook_page), methods=BOTH),
    ]
