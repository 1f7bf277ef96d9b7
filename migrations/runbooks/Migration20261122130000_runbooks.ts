import { Migration } from '@mikro-orm/migrations';
import { taskKinds } from '#contracts/tasks.ts';

/**
 * Runbooks: versions that nobody can rewrite, executions whose steps are the interpreter's journal, a timeline to which is only ever
 * added, and when each is practised. What people write while they carry one out stands in the timeline alone, sealed.
 */
export class Migration20261122130000_runbooks extends Migration {
  override up(): void {
    this.addSql(`
      create table runbook_versions (
        name text not null,
        version integer not null check (version > 0),
        definition jsonb not null,
        digest text not null,
        origin text not null check (origin in ('shipped', 'written')),
        note text not null default '',
        created_by uuid,
        created_at timestamptz(3) not null default now(),
        primary key (name, version)
      )`);
    this.addSql(`
      create function refuse_rewriting_runbooks() returns trigger language plpgsql as $$
      begin
        raise exception 'what a runbook said is never rewritten'
          using errcode = 'integrity_constraint_violation';
      end $$`);
    this.addSql(`
      create trigger runbook_versions_are_immutable before update or delete on runbook_versions
        for each row execute function refuse_rewriting_runbooks()`);

    this.addSql(`
      create table runbook_executions (
        run_id uuid primary key references runs (id),
        runbook text not null,
        version integer not null,
        digest text not null,
        inputs jsonb not null,
        bound_to text not null,
        practice boolean not null,
        cause text not null check (cause in ('asked', 'schedule')),
        start_at text,
        direction text not null default 'forward' check (direction in ('forward', 'back', 'clearing')),
        stopped jsonb,
        began_at timestamptz(3),
        overran_at timestamptz(3),
        created_at timestamptz(3) not null default now(),
        foreign key (runbook, version) references runbook_versions (name, version)
      )`);
    this.addSql(`create index runbook_executions_of on runbook_executions (runbook, created_at desc)`);
    this.addSql(`
      create table runbook_steps (
        step_id uuid primary key references run_steps (id) on delete cascade,
        run_id uuid not null references runbook_executions (run_id),
        key text not null,
        position integer not null,
        record jsonb not null,
        output jsonb,
        progress text,
        child_run_id uuid references runs (id),
        completed_by uuid,
        unique (run_id, key)
      )`);
    this.addSql(`
      create table runbook_approvals (
        step_id uuid not null references runbook_steps (step_id) on delete cascade,
        round integer not null,
        user_id uuid not null,
        bound_to text not null,
        verdict text not null check (verdict in ('approve', 'refuse')),
        given_at timestamptz(3) not null default now(),
        primary key (step_id, round, user_id)
      )`);
    this.addSql(`
      create table runbook_timeline (
        run_id uuid not null references runbook_executions (run_id),
        number integer not null,
        at timestamptz(3) not null default clock_timestamp(),
        kind text not null,
        step text,
        actor_id uuid,
        note text,
        sealed_words bytea,
        data jsonb not null default '{}',
        primary key (run_id, number)
      )`);
    this.addSql(`
      create function keep_the_timeline_of_runbooks() returns trigger language plpgsql as $$
      begin
        -- What people wrote is forgotten after its time; that they did something is not.
        if tg_op = 'UPDATE' and new.sealed_words is null
          and to_jsonb(new) - 'sealed_words' = to_jsonb(old) - 'sealed_words' then
          return new;
        end if;
        raise exception 'what was done by a runbook is never rewritten'
          using errcode = 'integrity_constraint_violation';
      end $$`);
    this.addSql(`
      create trigger runbook_timeline_only_grows before update or delete on runbook_timeline
        for each row execute function keep_the_timeline_of_runbooks()`);

    this.addSql(`
      create table runbook_practice (
        runbook text primary key,
        enabled boolean not null default true,
        every_days integer not null default 30 check (every_days > 0),
        inputs jsonb not null default '{}',
        next_at timestamptz(3) not null,
        stale_at timestamptz(3) not null,
        last_run_id uuid references runs (id),
        last_practised_at timestamptz(3),
        changed_by uuid
      )`);

    // The vocabulary comes from the contracts, whoever added to it.
    this.addSql(`alter table tasks drop constraint tasks_kind_check`);
    this.addSql(
      `alter table tasks add constraint tasks_kind_check check (kind in (${taskKinds.map((kind) => `'${kind}'`).join(', ')}))`,
    );
  }
}
