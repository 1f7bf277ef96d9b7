import { Migration } from '@mikro-orm/migrations';

/** Licences that provisioning issues, licences that are closed with their tenant, and entries that may leave a list of revocations. */
export class Migration20261122053000_licenseResources extends Migration {
  override up(): void {
    // The tag says whose resource it is; one that was issued by hand has none.
    this.addSql(`
      alter table licenses
        add column tag text,
        add column access text not null default 'open' check (access in ('open', 'suspended')),
        add column access_at timestamptz(3),
        add column files_end_at timestamptz(0),
        add check (access = 'open' or access_at is not null)`);
    this.addSql(`create index licenses_closed on licenses (product) where access = 'suspended'`);

    // Follows from what was signed, whoever signs: the latest moment at which any file of the licence lets anybody in. What degrades or
    // only logs when it is over never stops doing so, and what is perpetual neither.
    this.addSql(`
      create function note_end_of_license_files() returns trigger language plpgsql as $$
      declare signed jsonb;
      begin
        if new.claims is null then return new; end if;
        signed := new.claims::jsonb;
        new.files_end_at := greatest(new.files_end_at, case
          when signed ->> 'onExpiry' = 'block' and signed ->> 'expiresAt' is not null
          then (signed ->> 'expiresAt')::timestamptz + make_interval(hours => 24 * (signed ->> 'graceDays')::int)
          else 'infinity' end);
        return new;
      end $$`);
    this.addSql(`
      create trigger license_files_end before insert or update of claims on licenses
      for each row execute function note_end_of_license_files()`);
    // Of what was issued before, nobody knows what earlier files said: its entries stay.
    this.addSql(`update licenses set files_end_at = 'infinity'`);
    this.addSql(`create index license_revocations_by_age on license_revocations (at)`);
  }
}
