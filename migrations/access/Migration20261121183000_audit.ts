import { Migration } from '@mikro-orm/migrations';

/**
 * Events become the audit: who in which capacity, from where, on what, with which outcome; and each of them a link in the hash chain
 * of its tenant, or of the platform. What was written before is sealed as it stands.
 */
export class Migration20261121183000_audit extends Migration {
  override up(): void {
    const actor = `
      add column actor_kind text check (actor_kind in ('system', 'user', 'key', 'worker')),
      add column key_id uuid,
      add column support_access_id uuid,
      add column on_behalf_of text`;
    this.addSql(`
      alter table events ${actor},
        add column origin bytea,
        add column origin_key text,
        add column outcome text not null default 'success' check (outcome in ('success', 'refused', 'failed')),
        add column outcome_code text,
        add column target_kind text,
        add column target_id text,
        add column sequence bigint,
        add column hash bytea`);
    // A run goes on after the request that began it: its events name the same actor.
    this.addSql(`alter table runs ${actor}`);

    // What is not sealed is found by this alone: ids are given at the insert, and become visible in another order.
    this.addSql(`create index events_unsealed on events (id) where sequence is null`);
    this.addSql(`
      create unique index events_chained on events (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), sequence)
        where sequence is not null`);
    this.addSql(`create index events_by_actor on events (actor_id, id) where actor_id is not null`);
    this.addSql(`create index events_by_key on events (key_id, id) where key_id is not null`);
    this.addSql(`create index events_by_request on events (request_id) where request_id is not null`);
    this.addSql(`create index events_by_type on events (type text_pattern_ops, id)`);
    this.addSql(`create index events_by_target on events (target_id, id) where target_id is not null`);
    this.addSql(`create index events_unsuccessful on events (outcome, id) where outcome <> 'success'`);
    this.addSql(`create index events_by_time on events (created_at)`);

    this.addSql(`
      create table audit_keys (
        kid text primary key,
        public_key bytea not null,
        sealed_private bytea not null,
        endorsed_by text references audit_keys (kid),
        endorsement text,
        created_at timestamptz(3) not null default now(),
        retired_at timestamptz(3)
      )`);
    this.addSql(`create unique index audit_keys_in_use on audit_keys ((true)) where retired_at is null`);
    this.addSql(`
      create table audit_chains (
        chain text primary key,
        sequence bigint not null,
        hash bytea not null
      )`);
    this.addSql(`
      create table audit_heads (
        chain text not null,
        sequence bigint not null,
        hash bytea not null,
        kid text not null,
        signature bytea not null,
        sealed_at timestamptz(3) not null,
        anchored_at timestamptz,
        primary key (chain, sequence)
      )`);
    this.addSql(`create index audit_heads_not_anchored on audit_heads (sealed_at) where anchored_at is null`);
    this.addSql(`
      create table audit_trims (
        chain text primary key,
        sequence bigint not null,
        hash bytea not null,
        kid text not null,
        signature bytea not null,
        trimmed_at timestamptz(3) not null,
        anchored_at timestamptz
      )`);
    this.addSql(`
      create table audit_verifications (
        id uuid primary key,
        asked_by uuid,
        asked_at timestamptz(3) not null default now(),
        started_at timestamptz(3),
        finished_at timestamptz(3),
        outcome text check (outcome in ('intact', 'broken', 'failed')),
        entries bigint not null default 0,
        chains integer not null default 0,
        anchors integer not null default 0,
        findings jsonb not null default '[]',
        notes jsonb not null default '[]'
      )`);
    this.addSql(`create index audit_verifications_newest on audit_verifications (asked_at desc)`);
  }
}
