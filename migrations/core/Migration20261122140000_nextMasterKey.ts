import { Migration } from '@mikro-orm/migrations';

/** While the master key is being changed, the root key is sealed twice: processes with the old key and with the new one start side by side. */
export class Migration20261122140000_nextMasterKey extends Migration {
  override up(): void {
    this.addSql(`
      alter table installations
        add column next_sealed_root bytea,
        add column next_master_key_id text,
        add column next_offered_at timestamptz,
        add constraint installations_next_key
          check ((next_sealed_root is null) = (next_master_key_id is null) and (next_sealed_root is null) = (next_offered_at is null))`);
  }
}
