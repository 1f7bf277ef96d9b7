import { Migration } from '@mikro-orm/migrations';

/** What people are asked for, whom it is told to, and the Temporal cluster that answers instead of the known one. */
export class Migration20261121140000_attention extends Migration {
  override up(): void {
    this.addSql(`
      create table tasks (
        id uuid primary key,
        kind text not null check (kind in
          ('attention', 'parked', 'cluster_lost', 'workflow_stuck', 'drift', 'orphans', 'delivery_refused')),
        about text not null,
        run_id uuid references runs (id),
        tenant_id uuid references tenants (id),
        title text not null,
        reason_code text not null,
        reason text not null,
        what_is_left jsonb not null default '[]',
        state text not null default 'open' check (state in ('open', 'done')),
        assignee_id uuid references users (id),
        opened_at timestamptz(3) not null default now(),
        updated_at timestamptz not null default now(),
        closed_at timestamptz,
        closed_by uuid references users (id),
        note text,
        check ((state = 'done') = (closed_at is not null))
      )`);
    this.addSql(`create unique index tasks_one_open on tasks (kind, about) where state = 'open'`);
    this.addSql(`create index tasks_newest on tasks (state, opened_at desc, id desc)`);
    this.addSql(`create index tasks_of_run on tasks (run_id)`);
    this.addSql(`create index tasks_of_tenant on tasks (tenant_id)`);

    // Addresses are personal (mail) or carry tokens (webhooks): they rest sealed, as their secrets do.
    this.addSql(`
      create table notification_targets (
        id uuid primary key,
        title text not null,
        channel text not null check (channel in ('mail', 'webhook')),
        sealed_address bytea not null,
        sealed_secret bytea,
        kinds text[] not null check (cardinality(kinds) > 0),
        enabled boolean not null default true,
        created_at timestamptz(3) not null default now(),
        updated_at timestamptz not null default now(),
        check ((channel = 'webhook') = (sealed_secret is not null))
      )`);
    this.addSql(`
      create table notifications (
        id uuid primary key default gen_random_uuid(),
        target_id uuid not null references notification_targets (id) on delete cascade,
        task_id uuid references tasks (id),
        state text not null default 'waiting' check (state in ('waiting', 'sent', 'dead')),
        attempts integer not null default 0,
        next_attempt_at timestamptz not null default now(),
        last_error text,
        created_at timestamptz not null default now(),
        sent_at timestamptz
      )`);
    this.addSql(`create index notifications_due on notifications (next_attempt_at) where state = 'waiting'`);
    this.addSql(`create index notifications_of_target on notifications (target_id, created_at desc)`);

    this.addSql(`
      create table cluster_changes (
        id uuid primary key,
        known_cluster_id text not null,
        known_namespace_id text not null,
        seen_cluster_id text not null,
        seen_namespace_id text not null,
        state text not null default 'open' check (state in ('open', 'gone', 'confirmed')),
        affected_runs integer not null,
        first_seen_at timestamptz(3) not null default now(),
        last_seen_at timestamptz not null default now(),
        decided_at timestamptz,
        decided_by uuid references users (id)
      )`);
    this.addSql(`create unique index cluster_changes_one_open on cluster_changes ((true)) where state = 'open'`);
  }
}
