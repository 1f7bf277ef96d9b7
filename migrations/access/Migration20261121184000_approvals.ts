import { Migration } from '@mikro-orm/migrations';

/** Acts that others must agree to: how many for which act, what was asked for, and who said what. */
export class Migration20261121184000_approvals extends Migration {
  override up(): void {
    // An act without a row needs nobody's approval: a single owner must not be locked out by an upgrade.
    this.addSql(`
      create table approval_policies (
        act text primary key,
        required smallint not null check (required between 0 and 5),
        lives_hours smallint not null check (lives_hours between 1 and 168),
        changed_at timestamptz not null default now(),
        changed_by uuid
      )`);
    this.addSql(`
      create table approvals (
        id uuid primary key,
        act text not null,
        operation text not null,
        summary text not null,
        request_hash bytea not null,
        sealed_request bytea not null,
        sealed_reason bytea not null,
        tenant_id uuid references tenants (id),
        requester_id uuid not null references users (id),
        required smallint not null check (required between 1 and 5),
        state text not null default 'pending'
          check (state in ('pending', 'approved', 'used', 'refused', 'withdrawn', 'expired')),
        created_at timestamptz(3) not null default now(),
        expires_at timestamptz not null,
        closed_at timestamptz,
        use_id uuid,
        used_with text
      )`);
    this.addSql(`create index approvals_by_age on approvals (created_at desc, id desc)`);
    this.addSql(`create index approvals_of_requester on approvals (requester_id, created_at desc)`);
    this.addSql(`create index approvals_open on approvals (expires_at) where state in ('pending', 'approved')`);
    this.addSql(`
      create table approval_decisions (
        approval_id uuid not null references approvals (id),
        user_id uuid not null references users (id),
        verdict text not null check (verdict in ('approve', 'refuse')),
        sealed_note bytea,
        decided_at timestamptz not null default now(),
        voided_at timestamptz,
        primary key (approval_id, user_id)
      )`);
    this.addSql(`alter table tasks drop constraint tasks_kind_check`);
    this.addSql(`
      alter table tasks add constraint tasks_kind_check check (kind in ('attention', 'parked', 'cluster_lost',
        'workflow_stuck', 'drift', 'orphans', 'delivery_refused', 'approval', 'support_access'))`);
  }
}
