import { Migration } from '@mikro-orm/migrations';

/** A version that came with a release waits where people had written their own: it is there to be read, and is not run by itself. */
export class Migration20261122151000_runbooks_that_wait extends Migration {
  override up(): void {
    this.addSql(`alter table runbook_versions add column waits boolean not null default false`);
    this.addSql(
      `alter table runbook_versions add constraint only_shipped_versions_wait check (origin = 'shipped' or not waits)`,
    );
  }
}
