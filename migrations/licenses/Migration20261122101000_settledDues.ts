import { Migration } from '@mikro-orm/migrations';

/** What is settled is found by its age, to be cleared. */
export class Migration20261122101000_settledDues extends Migration {
  override up(): void {
    this.addSql(`create index license_dues_settled on license_dues (settled_at) where settled_at is not null`);
  }
}
