import { Migration } from '@mikro-orm/migrations';

/** Restores: from which backup into which tenant, what of it, and what came back. What was chosen may name people's things: it is sealed. */
export class Migration20261122120000_restores extends Migration {
  override up(): void {
    this.addSql(`
      create table restores (
        run_id uuid primary key references runs (id),
        mode text not null check (mode in ('in_place', 'beside')),
        tenant_id uuid not null references tenants (id),
        source_tenant_id uuid not null references tenants (id),
        backup_id uuid not null references backups (id),
        sealed_choice bytea,
        was_open boolean not null,
        before_backup_id uuid references backups (id),
        began_at timestamptz(3),
        outcome jsonb,
        created_at timestamptz(3) not null default now(),
        check (mode = 'beside' or tenant_id = source_tenant_id)
      )`);
    this.addSql(`create index restores_of_tenant on restores (source_tenant_id, created_at desc)`);
    this.addSql(`create index restores_into_tenant on restores (tenant_id)`);
  }
}
