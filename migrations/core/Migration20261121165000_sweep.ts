import { Migration } from '@mikro-orm/migrations';

/**
 * What carries our tag and nobody knows: what a sweep saw, what it made of it, and whether it may be acted upon at all, which it may not
 * while reality knows more than the registry.
 */
export class Migration20261121165000_sweep extends Migration {
  override up(): void {
    this.addSql(`
      alter table installations
        add column sweep_locked_at timestamptz,
        add column sweep_lock_reason text,
        add column sweep_reconciled_at timestamptz`);
    this.addSql(`
      create table sweep_sightings (
        run_id uuid not null references runs (id),
        provider text not null,
        external_id text not null,
        what text not null,
        tenant_id uuid,
        resource_id uuid,
        made_by uuid,
        seen_at timestamptz not null default now(),
        primary key (run_id, provider, external_id)
      )`);
    this.addSql(`
      create table orphan_findings (
        id uuid primary key,
        provider text not null,
        external_id text not null,
        what text not null,
        tenant_id uuid,
        resource_id uuid,
        made_by uuid,
        why text not null check (why in ('removed', 'unmarked', 'unknown_resource', 'unknown_run', 'unknown_store')),
        state text not null check (state in ('open', 'accepted', 'removed', 'gone')),
        first_seen_at timestamptz(3) not null default now(),
        last_seen_at timestamptz not null default now(),
        seen_by uuid not null references runs (id),
        reconciled_at timestamptz,
        accepted_reason text,
        accepted_until timestamptz,
        accepted_by uuid,
        removal_run_id uuid references runs (id),
        removal_reason text,
        closed_at timestamptz,
        unique (provider, external_id),
        check ((state = 'accepted') = (accepted_until is not null))
      )`);
    this.addSql(`create index orphan_findings_newest on orphan_findings (state, first_seen_at desc, id desc)`);
  }
}
