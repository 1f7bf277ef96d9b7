import { Migration } from '@mikro-orm/migrations';

/**
 * What lets a run wait for a person or for better times: decisions, breakpoints, pause, inputs that a retry may replace, the
 * switch that pauses provisioning, the circuit of each provider, and the queue a run is served on.
 */
export class Migration20261121130000_decisions extends Migration {
  override up(): void {
    this.addSql(`
      alter table run_steps
        add column key text,
        add column spec jsonb not null default '{}',
        add column on_failure text not null default 'rollback' check (on_failure in ('rollback', 'wait')),
        add column skippable boolean not null default false,
        add column breakpoint boolean not null default false,
        add column execution integer not null default 0,
        add column execution_attempt integer not null default 0,
        add column output jsonb`);
    this.addSql(`
      alter table runs
        add column queue text not null default 'interactive' check (queue in ('interactive', 'bulk')),
        add column pause_requested_at timestamptz,
        add column pause_requested_by uuid,
        add column held_by text,
        add column held_since timestamptz,
        add column held_step_id uuid references run_steps (id),
        add column park integer not null default 0,
        add column woken_at timestamptz`);
    this.addSql(`create index runs_held on runs (held_by) where held_by is not null`);

    this.addSql(`
      create table step_inputs (
        step_id uuid not null references run_steps (id),
        number integer not null check (number > 0),
        sealed bytea not null,
        promised_at timestamptz not null default now(),
        undone_at timestamptz,
        primary key (step_id, number)
      )`);
    this.addSql(`
      create table decisions (
        id uuid primary key,
        run_id uuid not null references runs (id),
        step_id uuid not null references run_steps (id),
        epoch integer not null,
        park integer not null,
        kind text not null check (kind in ('retry', 'skip', 'roll_back', 'continue')),
        input_number integer,
        reason_code text,
        run_version integer not null,
        actor_id uuid,
        request_id text,
        created_at timestamptz not null default now(),
        delivered_at timestamptz,
        taken_at timestamptz,
        unique (run_id, epoch, park)
      )`);
    this.addSql(`create index decisions_undelivered on decisions (created_at) where delivered_at is null`);

    this.addSql(`
      create table switches (
        name text primary key check (name in ('provisioning')),
        paused boolean not null,
        reason text,
        actor_id uuid,
        changed_at timestamptz not null default now()
      )`);
    this.addSql(`
      create table circuits (
        provider text primary key,
        state text not null check (state in ('closed', 'open', 'half_open')),
        failing_runs uuid[] not null default '{}',
        failing_since timestamptz not null default now(),
        opened_at timestamptz,
        retry_at timestamptz,
        openings integer not null default 0,
        probe_run_id uuid,
        reason_code text,
        reason text
      )`);
  }
}
