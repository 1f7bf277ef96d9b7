import { Migration } from '@mikro-orm/migrations';

/** Which kept backup was not read for longest is asked every few minutes. */
export class Migration20261122170000_unreadBackups extends Migration {
  override up(): void {
    this.addSql(
      `create index backups_by_reading on backups (verified_at) where state = 'kept' and verified_as = 'good'`,
    );
  }
}
