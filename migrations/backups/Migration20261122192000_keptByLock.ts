import { Migration } from '@mikro-orm/migrations';

/** What a bucket's lock keeps of a tenant that is erased, and when it is looked at again. */
export class Migration20261122192000_keptByLock extends Migration {
  override up(): void {
    this.addSql(`
      alter table erasures
        add column stays jsonb not null default '[]',
        add column look_again_at timestamptz(3)`);
    this.addSql(`create index erasures_to_go_on on erasures (look_again_at) where look_again_at is not null`);
  }
}
