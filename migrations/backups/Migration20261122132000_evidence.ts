import { Migration } from '@mikro-orm/migrations';

/** What was signed for auditors: ids, codes, times and counts. */
export class Migration20261122132000_evidence extends Migration {
  override up(): void {
    this.addSql(`
      create table evidence_bundles (
        id uuid primary key,
        tenant_id uuid references tenants (id),
        from_day date not null,
        to_day date not null,
        issued_at timestamptz(3) not null,
        issued_by uuid,
        digest bytea not null,
        bundle jsonb not null
      )`);
    this.addSql(`create index evidence_bundles_by_time on evidence_bundles (issued_at desc, id desc)`);
  }
}
