import { Migration } from '@mikro-orm/migrations';

/** What licences measured: events that are counted once, and what they add up to by the hour and by the day. */
export class Migration20261122080000_licenseUsage extends Migration {
  override up(): void {
    // What a program calls its event is kept as a digest: it is only ever compared. Nothing refers to these rows, so they are cleared by age.
    this.addSql(`
      create table license_usage_events (
        license_id uuid not null,
        event bytea not null check (octet_length(event) = 16),
        meter text not null,
        quantity bigint not null check (quantity > 0),
        occurred_at timestamptz(3) not null,
        received_at timestamptz(3) not null,
        primary key (license_id, event)
      )`);
    this.addSql(`create index license_usage_events_by_age on license_usage_events (received_at)`);
    // What a batch added and no roll-up has taken yet. Each is taken once, in the transaction that adds it to its hour and its day.
    this.addSql(`
      create table license_usage_deltas (
        id bigint generated always as identity primary key,
        license_id uuid not null references licenses (id) on delete cascade,
        meter text not null,
        hour timestamptz(0) not null,
        quantity bigint not null check (quantity > 0),
        events bigint not null check (events > 0)
      )`);
    this.addSql(`create index license_usage_deltas_of_license on license_usage_deltas (license_id, meter)`);
    for (const [table, column, type] of [
      ['license_usage_hours', 'hour', 'timestamptz(0)'],
      ['license_usage_days', 'day', 'date'],
    ] as const) {
      this.addSql(`
        create table ${table} (
          license_id uuid not null references licenses (id) on delete cascade,
          meter text not null,
          ${column} ${type} not null,
          quantity bigint not null,
          events bigint not null,
          primary key (license_id, meter, ${column})
        )`);
      this.addSql(`create index ${table}_by_time on ${table} (${column}, meter)`);
    }
    // The most seats and machines of a licence that were checked out at once on a day, as they were looked at.
    this.addSql(`
      create table license_use_days (
        license_id uuid not null references licenses (id) on delete cascade,
        kind text not null check (kind in ('seat', 'machine')),
        day date not null,
        peak integer not null,
        primary key (license_id, kind, day)
      )`);
    this.addSql(`create index license_use_days_by_time on license_use_days (day)`);
  }
}
