import { Migration } from '@mikro-orm/migrations';

/** A legal hold is of a tenant, or of one of its backups. */
export class Migration20261122191000_backupHolds extends Migration {
  override up(): void {
    this.addSql(`alter table legal_holds add column backup_id uuid references backups (id)`);
    this.addSql(`drop index legal_holds_one_open`);
    this.addSql(
      `create unique index legal_holds_one_open on legal_holds (tenant_id, coalesce(backup_id, tenant_id)) where lifted_at is null`,
    );
  }
}
