"""Migrations that change what is stored, on rows as earlier versions left them."""

from __future__ import annotations

from importlib import util
from types import ModuleType

from cast import Company, as_candidate, make_applicant
from running import both_databases
from sqlalchemy import insert, update

from gateway.store import tables as t
from gateway.store.migrate import FOLDER
from gateway.usecases.context import Context
from gateway.usecases.merge import merge, split
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after


def load_migration(name: str) -> ModuleType:
    spec = util.spec_from_file_location(name, FOLDER / "versions" / f"{name}.py")
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@both_databases
def test_a_chain_of_merges_that_was_folded_can_be_split_link_by_link(ctx: Context, company: Company) -> None:
    views = [make_applicant(ctx, company, external_id=x, email=f"{x}@mail.example") for x in "abc"]
    for view in views:
        post_message(ctx, as_candidate(ctx, view), view.thread_id, NewMessage(text=view.applicant.external_id))
    with ctx.database.begin() as tx:  # nothing is on its way
        tx.connection.execute(update(t.deliveries).values(state="accepted"))
    a, b, c = (view.thread_id for view in views)
    merge(ctx, company.as_jun, b, a)
    merge(ctx, company.as_jun, c, b)
    with ctx.database.begin() as tx:
        tx.connection.execute(update(t.threads).where(t.threads.c.id == a).values(merged_into=c))
        load_migration("0031_chains_and_forgetting")._unfold_chains(tx.connection)
        assert tx.moving.path_up(a) == [b, c]
    split(ctx, company.as_jun, c, b)
    split(ctx, company.as_jun, b, a)
    assert [m.message.text for m in messages_after(ctx, company.as_jun, a)] == ["a"]


@both_databases
def test_addresses_that_get_no_mail_still_get_none_once_they_are_digests(ctx: Context, company: Company) -> None:
    row = {"workspace_id": company.workspace.id, "address": "gone@mail.example", "code": "5.1.1", "created_at": ctx.now}
    with ctx.database.begin() as tx:
        tx.connection.execute(insert(t.suppressions), row)
        load_migration("0031_chains_and_forgetting")._digest_suppressions(tx.connection)
        assert tx.outbox.suppressed(company.workspace.id, ["Gone@mail.example"]) == ["gone@mail.example"]
