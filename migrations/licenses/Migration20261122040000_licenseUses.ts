import { Migration } from '@mikro-orm/migrations';

/** Seats and machines that are checked out. Who holds one is told by a digest only. */
export class Migration20261122040000_licenseUses extends Migration {
  override up(): void {
    this.addSql(`
      create table license_uses (
        id uuid primary key,
        license_id uuid not null references licenses (id),
        tenant_id uuid not null references tenants (id),
        product text not null,
        kind text not null check (kind in ('seat', 'machine')),
        holder bytea not null,
        unique_in text not null check (unique_in in ('license', 'tenant', 'none')),
        heartbeat_seconds integer check (heartbeat_seconds > 0),
        checked_out_at timestamptz(3) not null,
        heartbeat_at timestamptz(3) not null,
        dies_at timestamptz(3),
        check ((heartbeat_seconds is null) = (dies_at is null))
      )`);
    this.addSql(`create index license_uses_of_license on license_uses (license_id, kind)`);
    this.addSql(`
      create unique index license_uses_once_in_license on license_uses (license_id, kind, holder) where unique_in <> 'none'`);
    this.addSql(`
      create unique index license_uses_once_in_tenant on license_uses (tenant_id, product, kind, holder)
      where unique_in = 'tenant'`);
    this.addSql(`create index license_uses_due on license_uses (dies_at) where dies_at is not null`);
  }
}
