import { Migration } from '@mikro-orm/migrations';

/** When the reconciler last compared an open run with its workflow: the longest unseen come first. */
export class Migration20261121110000_reconciliation extends Migration {
  override up(): void {
    this.addSql(`alter table runs add column checked_at timestamptz`);
  }
}
