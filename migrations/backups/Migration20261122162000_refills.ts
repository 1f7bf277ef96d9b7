import { Migration } from '@mikro-orm/migrations';

/** After a total loss: which tenants lost what, from which backup each was filled again, and what could not be. */
export class Migration20261122162000_refills extends Migration {
  override up(): void {
    this.addSql(`
      create table refill_tenants (
        run_id uuid not null references runs (id),
        tenant_id uuid not null references tenants (id),
        state text not null default 'pending' check (state in ('pending', 'running', 'done', 'failed', 'there', 'passed')),
        looked_at timestamptz(3),
        lost text[] not null default '{}',
        backup_id uuid references backups (id),
        restore_run_id uuid references runs (id),
        tried uuid[] not null default '{}',
        reason_code text,
        finished_at timestamptz(3),
        primary key (run_id, tenant_id)
      )`);
    this.addSql(
      `create index refill_tenants_ahead on refill_tenants (run_id, tenant_id) where state in ('pending', 'running')`,
    );
    this.addSql(`alter table restores drop constraint restores_mode_check`);
    this.addSql(
      `alter table restores add constraint restores_mode_check check (mode in ('in_place', 'beside', 'refill'))`,
    );
    this.addSql(`alter table restores add column lost text[] not null default '{}'`);
    this.addSql(`alter table restores add column closed uuid[] not null default '{}'`);
  }
}
