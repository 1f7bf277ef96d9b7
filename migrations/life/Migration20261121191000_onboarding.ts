import { Migration } from '@mikro-orm/migrations';

/**
 * Onboarding: what a plan asks for, how far each tenant has come and how often it was reminded, what it proved and told; and who
 * signed up by themselves.
 */
export class Migration20261121191000_onboarding extends Migration {
  override up(): void {
    this.addSql(`
      create table onboarding_plans (
        plan text primary key references plans (name),
        items text[] not null,
        reminder_days integer[] not null,
        escalate_after_days integer check (escalate_after_days between 1 and 365),
        changed_by uuid references users (id),
        changed_at timestamptz(3) not null default now()
      )`);
    this.addSql(`
      create table onboardings (
        run_id uuid primary key references runs (id),
        tenant_id uuid not null references tenants (id),
        state text not null default 'open' check (state in ('open', 'finished', 'cancelled')),
        reminder_days integer[] not null,
        escalate_after_days integer,
        -- Times of the workflow, in milliseconds since 1970: the ladder is counted by its clock, not by this one.
        began_ms bigint,
        paused_ms bigint,
        paused_total_ms bigint not null default 0,
        rung integer not null default 0,
        reminded_ms bigint,
        escalated_ms bigint,
        started_at timestamptz(3) not null default now(),
        finished_at timestamptz(3),
        -- Set by whoever changes something that the workflow has to look at; it takes it away.
        changed_at timestamptz(3),
        woken_at timestamptz(3)
      )`);
    this.addSql(`create unique index onboardings_one_open on onboardings (tenant_id) where state = 'open'`);
    this.addSql(`create index onboardings_newest on onboardings (started_at desc, run_id desc)`);
    this.addSql(`create index onboardings_of_tenant on onboardings (tenant_id, started_at desc)`);
    this.addSql(
      `create index onboardings_changed on onboardings (changed_at) where state = 'open' and changed_at is not null`,
    );
    this.addSql(`
      create table onboarding_items (
        run_id uuid not null references onboardings (run_id) on update cascade,
        item text not null check (item in ('admin_accepted', 'second_factor', 'mail_domain', 'billing_contact', 'first_members', 'sample_data')),
        position smallint not null,
        state text not null default 'open' check (state in ('open', 'done', 'skipped')),
        settled_at timestamptz(3),
        actor_kind text,
        actor_id uuid,
        reason text,
        primary key (run_id, item),
        check ((state = 'open') = (settled_at is null))
      )`);
    this.addSql(`create index onboarding_items_open on onboarding_items (item, run_id) where state = 'open'`);
    // Which mail told of which rung: a rung that has its row is never sent again.
    this.addSql(`
      create table onboarding_reminders (
        run_id uuid not null references onboardings (run_id) on update cascade,
        rung integer not null,
        mail_id uuid,
        at_ms bigint not null,
        primary key (run_id, rung)
      )`);
    this.addSql(`
      create table tenant_mail_domains (
        tenant_id uuid primary key references tenants (id),
        domain text not null,
        token text not null,
        verified_at timestamptz(3),
        asked_at timestamptz(3),
        checked_at timestamptz(3),
        next_check_ms bigint,
        checks integer not null default 0,
        finding text check (finding in ('verified', 'no_record', 'other_record', 'differs', 'no_answer', 'taken'))
      )`);
    this.addSql(
      `create unique index mail_domains_verified on tenant_mail_domains (domain) where verified_at is not null`,
    );
    this.addSql(`
      create table tenant_contacts (
        tenant_id uuid not null references tenants (id),
        kind text not null check (kind in ('billing')),
        sealed bytea not null,
        updated_at timestamptz(3) not null default now(),
        primary key (tenant_id, kind)
      )`);
    this.addSql(`
      create table tenant_samples (
        tenant_id uuid primary key references tenants (id),
        state text not null check (state in ('asked', 'loaded', 'unavailable')),
        asked_at timestamptz(3) not null default now(),
        loaded_at timestamptz(3)
      )`);

    this.addSql(`
      create table sign_up_settings (
        only_one boolean primary key default true check (only_one),
        is_open boolean not null default false,
        plans text[] not null default '{standard}',
        needs_approval boolean not null default true,
        changed_by uuid references users (id),
        changed_at timestamptz(3)
      )`);
    this.addSql(`insert into sign_up_settings default values`);
    this.addSql(`
      create table sign_ups (
        id uuid primary key,
        state text not null check (state in ('asked', 'waiting', 'accepted', 'refused')),
        plan text not null,
        -- Who and what for; gone once the tenant holds it under its own key.
        sealed bytea,
        token_hash bytea unique,
        expires_at timestamptz(3) not null,
        asked_at timestamptz(3) not null default now(),
        proven_at timestamptz(3),
        decided_at timestamptz(3),
        decided_by uuid references users (id),
        sealed_reason bytea,
        tenant_id uuid references tenants (id),
        run_id uuid references runs (id)
      )`);
    this.addSql(`create index sign_ups_newest on sign_ups (asked_at desc, id desc)`);
    this.addSql(`create index sign_ups_waiting on sign_ups (asked_at) where state = 'waiting'`);
    this.addSql(`create index sign_ups_unproven on sign_ups (expires_at) where state = 'asked'`);

    this.addSql(`alter table tasks drop constraint tasks_kind_check`);
    this.addSql(`
      alter table tasks add constraint tasks_kind_check check (kind in ('attention', 'parked', 'cluster_lost', 'workflow_stuck',
        'drift', 'orphans', 'delivery_refused', 'approval', 'support_access', 'onboarding_overdue', 'sign_up'))`);
  }
}
