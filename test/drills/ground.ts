import { randomBytes } from 'node:crypto';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import type { NewTenant } from '#contracts/tenants.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { registerTenant, type RegisteredTenant } from '#domain/tenants/registerTenant.ts';
import { startRun } from '#temporal/startRun.ts';
import type { CallReceiver } from '#test/servers/callReceiver.ts';
import { StripeServer } from '#test/servers/stripe/stripeServer.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { addLicensedPlan } from '#test/servers/licensedPlan.ts';
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
  /** Where cards are charged. */
  readonly stripe: StripeServer;
  readonly acknowledged: Acknowledged[] = [];
  worker!: RemoteWorker;
  /** Whether every tenant has an admin whose name and address are secrets. */
  invitesAll = false;

  private constructor(
    servers: DrillServers,
    installation: TestInstallation,
    outside: { inbox: MailSink; service: CallReceiver; stripe: StripeServer },
  ) {
    this.servers = servers;
    this.installation = installation;
    this.inbox = outside.inbox;
    this.service = outside.service;
    this.stripe = outside.stripe;
  }

  /** @param env settings that differ from those of the tests */
  static async open(servers: DrillServers, env: Record<string, string> = {}): Promise<Ground> {
    const inbox = await MailSink.open();
    const stripe = await StripeServer.start();
    const settings = {
      SMTP_URL: inbox.url,
      STRIPE_SECRET_KEY: 'sk_drill',
      STRIPE_API_URL: stripe.url,
      // An outage of seconds is waited out, so that what ends otherwise ended so for another reason.
      TENANTRY_ACT_ATTEMPTS: '10',
      TENANTRY_UNDO_PATIENCE_SECONDS: '30',
      TENANTRY_SWEEP_GRACE_SECONDS: '0',
      // As the product comes: what is looked at more often is taken for ended while an outage of seconds lasts.
      TENANTRY_RECONCILE_SECONDS: '10',
      TENANTRY_DNS_SERVERS: '127.0.0.1:9',
      TENANTRY_DNS_SECONDS: '1',
      TENANTRY_STEPS_TO_PRIVATE_NETWORKS: 'true',
      ...(await servers.physicalEnvironment()),
      ...env,
    };
    const installation = await TestInstallation.start(settings, servers);
    await addLicensedPlan(installation);
    const service = await startOutsideService(installation);
    // An onboarding waits for people for weeks; here every run is to end. The story about it has a plan of its own.
    await installation.asAdmin(
      null,
      `insert into onboarding_plans (plan, items, reminder_days) select name, '{}', '{}' from plans`,
    );
    await backNothingUpByTheClock(installation);
    return new Ground(servers, installation, { inbox, stripe, service });
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
    const open = () =>
      this.ask<{ told: string }>(
        `select concat(kind, ' ', state, coalesce(' at ' || (
             select string_agg(concat(provider, ' ', state, ' ', attempt), ', ' order by position) from run_steps
             where run_id = runs.id and state in ('running', 'undoing', 'failed')), '')) as told from runs
         where ($1::uuid[] is null or coalesce(tenant_id, id) = any($1)
                or (kind = 'shredTenantKey' and subject_id = any($1))) and state not in ${over}`,
        [subjects],
      );
    await this.installation
      .until('no run to be open', withinMs, async () => (await open()).length === 0)
      .catch(async (error: Error) => {
        throw new Error(`${error.message}: ${(await open()).map(({ told }) => told).join('; ')}`);
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
    await this.stripe.stop();
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

/** Every run is to end: windows and drills of backups are opened by stories, and not by the hour or because a tenant has a backup. */
export const backNothingUpByTheClock = (installation: TestInstallation): Promise<unknown> =>
  installation.asAdmin(
    null,
    'insert into backup_policies (plan, rules) select name, $1::jsonb from plans on conflict do nothing',
    [JSON.stringify({ ...usualBackupRules, enabled: false })],
  );
