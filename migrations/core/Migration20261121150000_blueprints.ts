import { Migration } from '@mikro-orm/migrations';

/** Blueprints that nobody can rewrite, and plans of tenants that are stored until they are applied or expire. */
export class Migration20261121150000_blueprints extends Migration {
  override up(): void {
    this.addSql(`alter table blueprints add column created_by uuid`);
    // Runs are pinned to a version by its number alone: the row must mean tomorrow what it means today.
    this.addSql(`
      create function refuse_rewriting() returns trigger language plpgsql as $$
      begin
        raise exception 'a version of a blueprint is never rewritten' using errcode = 'integrity_constraint_violation';
      end $$`);
    this.addSql(`
      create trigger blueprints_are_immutable before update or delete on blueprints
        for each row execute function refuse_rewriting()`);

    this.addSql(`
      create table tenant_plans (
        id uuid primary key,
        tenant_id uuid not null,
        resource_ids jsonb not null,
        sealed bytea not null,
        hash text not null,
        actor_id uuid,
        applied_run_id uuid references runs (id),
        expires_at timestamptz not null,
        created_at timestamptz not null default now()
      )`);
    this.addSql(`create index tenant_plans_expiry on tenant_plans (expires_at)`);
  }
}
