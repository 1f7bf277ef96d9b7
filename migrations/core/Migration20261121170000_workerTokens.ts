import { Migration } from '@mikro-orm/migrations';

/** Steps served outside: what opens the codec for their workers, what their calls are signed with, and answers that come later. */
export class Migration20261121170000_workerTokens extends Migration {
  override up(): void {
    this.addSql(`
      create table worker_tokens (
        id uuid primary key,
        name text not null,
        task_queue text not null,
        token_hash bytea not null unique,
        hint text not null,
        created_at timestamptz not null default now(),
        created_by uuid,
        expires_at timestamptz not null,
        last_used_at timestamptz,
        revoked_at timestamptz,
        revoked_by uuid
      )`);
    this.addSql(`
      create table step_callbacks (
        id uuid primary key,
        run_id uuid not null references runs (id),
        step_id uuid not null references run_steps (id),
        number integer not null,
        verb text not null check (verb in ('act', 'undo')),
        execution integer not null,
        token_hash bytea not null unique,
        expires_at timestamptz not null,
        created_at timestamptz not null default now(),
        answered_at timestamptz,
        outcome text check (outcome in ('done', 'failed')),
        sealed_output bytea,
        unique (step_id, number, verb, execution)
      )`);
    this.addSql(`
      create table step_signing_secrets (
        id uuid primary key,
        sealed bytea not null,
        hint text not null,
        created_at timestamptz not null default now(),
        created_by uuid,
        retires_at timestamptz
      )`);
    // From then on the outside may have done it: null means that there is nothing to undo.
    this.addSql(`alter table step_inputs add column reached_at timestamptz`);
  }
}
