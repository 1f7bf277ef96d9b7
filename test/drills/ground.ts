import { randomBytes } from 'node:crypto';
import type { NewTenant } from '#contracts/tenants.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { registerTenant, type RegisteredTenant } from '#domain/tenants/registerTenant.ts';
import { startRun } from '#temporal/startRun.ts';
import type { CallReceiver } from '#test/servers/callReceiver.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import type { RemoteWorker, Surroundings } from '#test/servers/remoteWorker.ts';
import type { DrillServers } from './drillServers.ts';
import { MailSink } from './ground/mailSink.ts';
import { startOutsideService } from './ground/outsidePlans.ts';

/** A tenant that somebody was told exists, and the words that nobody else may see. */
export interface Acknowledged extends RegisteredTenant {
  name: string;
  /** In its name: what another tenant must never see. */
  canary: string;
  email: string | null;
  adminName: string | null;
}

const over = `('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;

/** An installation that a drill breaks: real servers of its own, a worker in a process of its own, an inbox, and a memory of what was promised. */
export class Ground {
  readonly servers: DrillServers;
  readonly installation: TestInstallation;
  readonly inbox: MailSink;
  readonly service: CallReceiver;
  readonly acknowledged: Acknowledged[] = [];
  worker!: RemoteWorker;
  /** Whether every tenant has an admin whose name and address are secrets. */
  invitesAll = false;

  private constructor(
    servers: DrillServers,
    installation: TestInstallation,
    outside: { inbox: MailSink; service: CallReceiver },
  ) {
    this.servers = servers;
    this.installation = installation;
    this.inbox = outside.inbox;
    this.service = outside.service;
  }

  /** @param env settings that differ from those of the tests */
  static async open(servers: DrillServers, env: Record<string, string> = {}): Promise<Ground> {
    const inbox = await MailSink.open();
    const settings = {
      SMTP_URL: inbox.url,
      // An outage of seconds is waited out, so that what ends otherwise ended so for another reason.
      TENANTRY_ACT_ATTEMPTS: '10',
      TENANTRY_UNDO_PATIENCE_SECONDS: '30',
      TENANTRY_SWEEP_GRACE_SECONDS: '0',
      TENANTRY_STEPS_TO_PRIVATE_NETWORKS: 'true',
      ...env,
    };
    const installation = await TestInstallation.start(settings, servers);
    return new Ground(servers, installation, { inbox, service: await startOutsideService(installation) });
  }

  async startWorker(env: Record<string, string> = {}, surroundings: Surroundings = {}): Promise<RemoteWorker> {
    this.worker = await this.installation.startWorkerProcess(env, surroundings);
    return this.worker;
  }

  /** What the API commits when it accepts a tenant; its workflow is started by {@link start}. */
  async register(
    label: string,
    { invited = false, ...wanted }: Partial<NewTenant> & { invited?: boolean } = {},
  ): Promise<Acknowledged> {
    const { wish, canary, email } = newTenant(label, invited || this.invitesAll);
    const registered = await this.installation.em.transactional((em) =>
      registerTenant(em, this.installation.platform.tenantKeys, { ...wish, ...wanted }, theSystem),
    );
    const acknowledged = { ...registered, name: wish.name, canary, email, adminName: wish.admin?.name ?? null };
    this.acknowledged.push(acknowledged);
    return acknowledged;
  }

  start(runId: string): Promise<void> {
    return startRun(this.installation.platform, this.installation.temporal.client, runId);
  }

  /** Registers and starts. */
  async create(label: string, wanted: Partial<NewTenant> & { invited?: boolean } = {}): Promise<Acknowledged> {
    const registered = await this.register(label, wanted);
    await this.start(registered.runId);
    return registered;
  }

  /** Waits until no run is open, of these tenants and runs of the platform or of all. */
  async settled(subjects: string[] | null, withinMs: number): Promise<void> {
    await this.installation.until('no run to be open', withinMs, async () => {
      const [open] = await this.ask<{ count: number }>(
        `select count(*)::int as count from runs
         where ($1::uuid[] is null or coalesce(tenant_id, id) = any($1)) and state not in ${over}`,
        [subjects],
      );
      return open?.count === 0;
    });
  }

  /** Asks the registry, past everything that may cache. */
  ask<Row extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.installation.asAdmin<Row>(null, text, values);
  }

  async close(): Promise<void> {
    await this.installation.stop();
    await this.inbox.close();
    await this.service.stop();
  }
}

/** A wish for a tenant with a canary in its name, and with an admin who is nobody else's business when somebody is to be invited. */
export function newTenant(label: string, invited: boolean) {
  const word = (mark: string) => `${mark}-${randomBytes(6).toString('hex')}`;
  const canary = word('canary');
  const email = invited ? `${word('hidden')}@drill.example` : null;
  const wish: NewTenant = {
    name: `${label.slice(0, 60)} ${canary}`,
    ...(email ? { admin: { email, name: `Quetzal ${word('hidden')}` } } : {}),
  };
  return { wish, canary, email };
}
