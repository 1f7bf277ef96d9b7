import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { LicenseDue } from '#contracts/licenses/dues.ts';
import type { License } from '#contracts/licenses/licenses.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { drainEnds } from '#domain/licenses/dues/drainEnds.ts';
import { drainReminders } from '#domain/licenses/dues/drainReminders.ts';
import { keepDues } from '#domain/licenses/dues/keepDues.ts';
import { takeDueMails } from '#domain/mails/outbox.ts';
import { rows } from '#domain/sql.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import { LicensingWorld } from './licensingWorld.ts';

/** Licences of tenants with an administrator, and drains that are told what time it is. No worker runs. */
export class DueWorld {
  readonly world: LicensingWorld;

  private constructor(world: LicensingWorld) {
    this.world = world;
  }

  static async start(): Promise<DueWorld> {
    return new DueWorld(await LicensingWorld.start());
  }

  stop(): Promise<void> {
    return this.world.stop();
  }

  get installation() {
    return this.world.api.installation;
  }

  async tenant(): Promise<string> {
    const { em, platform } = this.installation;
    const word = randomBytes(4).toString('hex');
    const { tenantId } = await em.transactional((tx) =>
      registerTenant(
        tx,
        platform.tenantKeys,
        { name: `Reminded ${word}`, admin: { email: `admin-${word}@due.example`, name: 'Ada' } },
        theSystem,
      ),
    );
    await this.sql(`update tenants set state = 'active' where id = $1`, [tenantId]);
    return tenantId;
  }

  /** One that ends then, by a policy of its own. */
  async ending(expiresAt: string, rules: object = {}, more: object = {}): Promise<License> {
    const policy = await this.world.policy(rules);
    const { status, body, text } = await this.world.issue(await this.tenant(), { policy, expiresAt, ...more });
    assert.equal(status, 201, text);
    return body;
  }

  /** As at every tick of the schedules: until nothing is left that is due at `now`. */
  async drain(now: string): Promise<void> {
    const { em, platform } = this.installation;
    while ((await drainEnds(em, platform, new Date(now))).licences > 0);
    while ((await drainReminders(em, platform, new Date(now))).licences > 0);
  }

  /** What was told of a licence in its order: `-7` for a reminder, `expired`, `grace_ended`; what was passed over in brackets. */
  async told(id: string): Promise<string[]> {
    return (await this.world.events(id)).flatMap(({ type, data }) => {
      const passed = (data['passedOver'] as { days: number; why: string }[] | undefined) ?? [];
      const over = passed.map(({ days, why }) => `(${days} ${why})`);
      if (type === 'license.reminded') return [...over, String(data['days'])];
      if (type === 'license.reminders_passed') return over;
      return type === 'license.expired' || type === 'license.grace_ended' ? [type.slice('license.'.length)] : [];
    });
  }

  /** The subjects of the mails that wait for the administrator of a licence's tenant, in their order. */
  async mails(licence: License): Promise<string[]> {
    return (await this.texts(licence)).map(({ subject }) => subject);
  }

  async texts({ tenantId }: License): Promise<{ subject: string; text: string }[]> {
    const { em, platform } = this.installation;
    await takeDueMails(em, platform.installation.keyring, 0);
    const found = await this.sql<{ id: string }>(
      `select id from mails where tenant_id = $1 and kind = 'license' order by created_at, id`,
      [tenantId],
    );
    await this.sql(
      `update mails set next_attempt_at = case when tenant_id = $1 then now() else now() + interval '1 day' end`,
      [tenantId],
    );
    const due = await takeDueMails(em, platform.installation.keyring, 1_000);
    return found.map(({ id }) => due.find((mail) => mail.id === id)!);
  }

  async dues(id: string): Promise<LicenseDue[]> {
    const { status, body, text } = await this.world.api.ask<{ items: LicenseDue[] }>(
      'GET',
      `/api/v1/licenses/${id}/dues`,
    );
    assert.equal(status, 200, text);
    return body.items;
  }

  /** What is still to come: `reminder -7 2028-02-22T12:00:00`. */
  async open(id: string): Promise<string[]> {
    return (await this.dues(id))
      .filter(({ state }) => state === 'open')
      .map(({ kind, days, dueAt }) => [kind, ...(days === null ? [] : [days]), dueAt.slice(0, 19)].join(' '));
  }

  /** What a renewal does to the dates of a licence. */
  async moveEnd(id: string, expiresAt: string, now: string, graceDays = 0): Promise<void> {
    await this.installation.em.transactional(async (tx) => {
      await rows(tx)`select 1 from licenses where id = ${id} for update`;
      await rows(tx)`
        update licenses set expires_at = ${expiresAt}::timestamptz,
          over_at = ${expiresAt}::timestamptz + make_interval(hours => 24 * ${graceDays}::int) where id = ${id}`;
      await keepDues(tx, id, new Date(now));
    });
  }

  async lapse(id: string): Promise<unknown> {
    return (await this.world.api.ask('GET', `/api/v1/licenses/${id}`)).body['lapse'];
  }

  sql<Row extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.installation.asAdmin<Row>(null, text, values);
  }
}
