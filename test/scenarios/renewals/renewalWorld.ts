import { randomBytes } from 'node:crypto';
import type { Deps } from '#activities/deps.ts';
import type { License } from '#contracts/licenses/licenses.ts';
import type { LicensePolicyDraft } from '#contracts/licenses/policies.ts';
import { LicensePolicyDraft as Draft } from '#contracts/licenses/policies.ts';
import type { NewRenewal, Renewal } from '#contracts/licenses/renewals.ts';
import { changeBilling } from '#domain/billing/accounts.ts';
import { setPrice } from '#domain/billing/prices.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { issueLicense } from '#domain/licenses/issueLicense.ts';
import { createPolicyVersion } from '#domain/licenses/policies/policyVersions.ts';
import { openRenewal, type RenewalOptions } from '#domain/licenses/renewing/openRenewal.ts';
import { settlePayment } from '#domain/licenses/renewing/settlePayment.ts';
import { viewRenewal } from '#domain/licenses/renewing/viewRenewals.ts';
import { viewLicense } from '#domain/licenses/viewLicenses.ts';
import { startRun } from '#temporal/startRun.ts';
import type { BillingProvider } from '#providers/billing/billingProvider.ts';
import { TestInstallation } from '#test/servers/installation.ts';

export const price = 36_500;

export const is = (code: string) => (error: { code?: string }) => error.code === code;

export function yearLater(iso: string): string {
  const time = new Date(iso);
  return new Date(time.setUTCFullYear(time.getUTCFullYear() + 1)).toISOString();
}

/** What asks for a person on account of a run. */
export const tasksOf = (installation: TestInstallation, runId: string): Promise<{ kind: string; state: string }[]> =>
  installation.asAdmin(null, `select kind, state from tasks where run_id = $1 or about = $1::text order by opened_at`, [
    runId,
  ]);

/** A worker that asks `billing` in the place of Stripe, a tenant whose payments come by transfer, and one that pays by card. */
export async function startRenewals(billing: BillingProvider): Promise<{
  installation: TestInstallation;
  world: RenewalWorld;
  /** What is configured; a test may take one away. */
  services: Deps['billing'];
  tenantId: string;
  carded: string;
}> {
  const installation = await TestInstallation.start();
  const world = new RenewalWorld(installation);
  const services: Deps['billing'] = {};
  await installation.startWorker(undefined, {
    adapt: (deps) => ({ ...deps, billing: Object.assign(services, deps.billing, { stripe: billing }) }),
  });
  const { tenantId } = await installation.provision({
    name: 'By transfer',
    admin: { email: 'admin@transfer.example' },
  });
  const { tenantId: carded } = await installation.provision({ name: 'By card' });
  await world.byCard(carded);
  return { installation, world, services, tenantId, carded };
}

/** Licences of tenants that exist as rows, with policies and prices of their own. */
export class RenewalWorld {
  readonly installation: TestInstallation;

  constructor(installation: TestInstallation) {
    this.installation = installation;
  }

  /** Yearly unless told; with a price unless that is null. */
  async policy(rules: object = {}, amount: number | null = price): Promise<{ name: string; version: number }> {
    const name = `p-${randomBytes(5).toString('hex')}`;
    const draft: LicensePolicyDraft = Draft.parse({
      product: 'suite',
      term: { kind: 'term', period: 'P1Y' },
      ...rules,
    });
    await this.installation.em.transactional(async (em) => {
      await createPolicyVersion(em, { name, baseVersion: 0, rules: draft }, theSystem);
      if (amount !== null) await setPrice(em, { name, version: 1 }, { currency: 'EUR', amount }, theSystem);
    });
    return { name, version: 1 };
  }

  async license(
    tenantId: string,
    { rules = {}, amount, ...more }: { rules?: object; amount?: number | null; [more: string]: unknown } = {},
  ): Promise<License> {
    const policy = await this.policy(rules, amount === undefined ? price : amount);
    const { em, platform } = this.installation;
    await platform.tenantKeys.find(tenantId);
    const id = await em.transactional((tx) =>
      issueLicense(
        tx,
        platform,
        { tenantId, wanted: { policy, trial: false, test: false, ...more }, now: new Date() },
        theSystem,
      ),
    );
    return this.see(id);
  }

  see(id: string): Promise<License> {
    return viewLicense(this.installation.em, id, new Date());
  }

  renewal(id: string): Promise<Renewal> {
    return viewRenewal(this.installation.em, id);
  }

  /** A licence of this tenant is paid by card from now on. */
  async byCard(tenantId: string, paymentMethod = 'pm_1'): Promise<void> {
    await this.installation.em.transactional((em) =>
      changeBilling(
        em,
        tenantId,
        { provider: 'stripe', currency: 'EUR', stripe: { customer: 'cus_1', paymentMethod } },
        theSystem,
      ),
    );
  }

  async open(licenseId: string, options: RenewalOptions): Promise<{ renewalId: string; runId: string }> {
    return this.installation.em.transactional((em) => openRenewal(em, licenseId, options, theSystem));
  }

  /** Asks for it the way the API does, and starts its run. */
  async renew(
    licenseId: string,
    wanted: NewRenewal = { kind: 'renewal' },
  ): Promise<{ renewalId: string; runId: string }> {
    const opened = await this.open(licenseId, { cause: 'asked', wanted });
    await startRun(this.installation.platform, this.installation.temporal.client, opened.runId);
    return opened;
  }

  /** An operator's word, told to the workflow the way the API does. */
  async settle(renewalId: string, outcome: 'paid' | 'declined'): Promise<void> {
    const { em, temporal } = this.installation;
    const { workflowId } = await em.transactional((tx) => settlePayment(tx, renewalId, { outcome }, theSystem));
    await temporal.client.workflow.getHandle(workflowId).signal('wake');
  }

  async events(renewalId: string): Promise<string[]> {
    const found = await this.installation.asAdmin<{ type: string }>(
      null,
      'select type from events where stream = $1 order by version',
      [`renewal:${renewalId}`],
    );
    return found.map(({ type }) => type.replace('renewal.', ''));
  }
}
