import { Migration } from '@mikro-orm/migrations';

/** Where a data store is now: a server may come back at another address, and manifests must tell the present one. */
export class Migration20261121120000_whereabouts extends Migration {
  override up(): void {
    this.addSql(`alter table data_stores add column host text, add column port integer`);
  }
}
