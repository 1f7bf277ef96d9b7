import { randomUUID } from 'node:crypto';
import { LicensePolicyDraft } from '#contracts/licenses/policies.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { issueLicense } from '#domain/licenses/issueLicense.ts';
import { createPolicyVersion } from '#domain/licenses/policies/policyVersions.ts';
import { rows } from '#domain/sql.ts';
import type { DrillServers } from '../drillServers.ts';
import { Ground, type Acknowledged } from '../ground.ts';

const patienceMs = 90_000;

/** One thing that was told of a licence, in the order of its events: which reminder, that it ended, or that its grace did. */
export interface Told {
  what: number | 'expired' | 'grace_ended';
  endsAt: string;
}

/** A ground with tenants whose administrators are written to, and with licences of theirs. */
export class LicensedGround {
  readonly ground: Ground;
  readonly tenants: Acknowledged[];

  private constructor(ground: Ground, tenants: Acknowledged[]) {
    this.ground = ground;
    this.tenants = tenants;
  }

  static async open(servers: DrillServers, tenantCount: number): Promise<LicensedGround> {
    const ground = await Ground.open(servers);
    try {
      await ground.startWorker();
      const tenants = await Promise.all(
        Array.from({ length: tenantCount }, (_, at) => ground.create(`Licensed ${at}`, { invited: true })),
      );
      await ground.settled(null, patienceMs);
      return new LicensedGround(ground, tenants);
    } catch (error) {
      await ground.close();
      throw error;
    }
  }

  get installation() {
    return this.ground.installation;
  }

  /** A policy with one version, by its rules. */
  async policy(rules: Partial<LicensePolicyDraft>): Promise<{ name: string; version: number }> {
    const name = `drill-${randomUUID().slice(0, 8)}`;
    const draft = LicensePolicyDraft.parse({ product: 'drill', term: { kind: 'term', period: 'P1Y' }, ...rules });
    await this.installation.em.transactional((em) =>
      createPolicyVersion(em, { name, baseVersion: 0, rules: draft }, theSystem),
    );
    return { name, version: 1 };
  }

  async issue(
    tenant: Acknowledged,
    policy: { name: string; version: number },
    { startsAt, expiresAt }: { startsAt?: string; expiresAt?: string },
  ): Promise<string> {
    const { em, platform } = this.installation;
    const wanted = {
      ...{ policy, trial: false, test: false },
      ...(startsAt ? { startsAt } : {}),
      ...(expiresAt ? { expiresAt } : {}),
    };
    return em.transactional((tx) =>
      issueLicense(tx, platform, { tenantId: tenant.tenantId, wanted, now: new Date() }, theSystem),
    );
  }

  /** As if so many hours had gone by for all licences. */
  async letHoursPass(hours: number): Promise<void> {
    await this.installation.em.transactional(async (tx) => {
      await rows(tx)`
        update licenses set starts_at = starts_at - make_interval(hours => ${hours}::int), expires_at = expires_at - make_interval(hours => ${hours}::int),
          over_at = over_at - make_interval(hours => ${hours}::int)`;
      await rows(tx)`
        update license_dues set due_at = due_at - make_interval(hours => ${hours}::int), ends_at = ends_at - make_interval(hours => ${hours}::int)`;
    });
  }

  /** By licence. */
  async told(): Promise<Map<string, Told[]>> {
    const events = await this.ground.ask<{ stream: string; type: string; data: { days?: number; endsAt: string } }>(`
      select stream, type, data from events
      where type in ('license.reminded', 'license.expired', 'license.grace_ended') order by stream, version`);
    const byStream = Map.groupBy(events, ({ stream }) => stream.slice('license:'.length));
    return new Map(
      [...byStream].map(([id, found]) => [
        id,
        found.map(({ type, data }) => ({
          what: type === 'license.reminded' ? data.days! : type === 'license.expired' ? 'expired' : 'grace_ended',
          endsAt: data.endsAt,
        })),
      ]),
    );
  }

  /** What is due of licences against what their dates and policies ask for: nothing else, and all of it but reminders that passed. */
  async outOfStep(): Promise<string[]> {
    const found = await this.ground.ask<{ what: string }>(`
      select 'a ' || kind || ' at ' || due_at || ' is due and nothing asks for it' as what from license_dues d
      where state in ('open', 'held') and not exists (
        select 1 from license_wanted_dues w
        where w.license_id = d.license_id and w.kind = d.kind and w.days = d.days and w.due_at = d.due_at)
      union all
      select 'a ' || kind || ' at ' || due_at || ' is asked for and not due' from license_wanted_dues w
      where kind <> 'reminder' and not exists (
        select 1 from license_dues d
        where w.license_id = d.license_id and w.kind = d.kind and w.days = d.days and w.due_at = d.due_at)`);
    return found.map(({ what }) => what);
  }

  /** The subjects of what an administrator received about licences, and the ids under which it came. */
  mailsTo(tenant: Acknowledged): { messageId: string; subject: string }[] {
    return this.ground.inbox.received
      .filter(({ to }) => to === tenant.email)
      .map(({ messageId, text }) => ({ messageId, subject: /^Subject: (.*)$/m.exec(text)?.[1] ?? '' }))
      .filter(({ subject }) => /licence/.test(subject));
  }

  close(): Promise<void> {
    return this.ground.close();
  }
}
