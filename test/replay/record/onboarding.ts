import { onboardingItems } from '#contracts/onboarding/items.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { chooseMailDomain } from '#domain/onboarding/mailDomains.ts';
import { noteOnboarding } from '#domain/onboarding/noteOnboarding.ts';
import { askForSampleData } from '#domain/onboarding/tenantsPart.ts';
import { startOnboarding } from '#domain/onboarding/openOnboarding.ts';
import { startRun } from '#temporal/startRun.ts';
import type { Recorder } from '../recorder.ts';

const dayMs = 86_400_000;

/** A tenant's beginning: all that the system does for it, and cancelled. */
export async function onboarding({ installation, record }: Recorder): Promise<void> {
  const write = <Result>(work: Parameters<typeof installation.em.transactional<Result>>[0]) =>
    installation.em.transactional(work);
  const begin = async (name: string): Promise<{ tenantId: string; runId: string }> => {
    const { tenantId } = await installation.provision({ name });
    const runId = await write((em) => startOnboarding(em, tenantId, theSystem));
    await startRun(installation.platform, installation.temporal.client, runId);
    return { tenantId, runId };
  };
  const look = (runId: string, set = '') =>
    installation.asAdmin(null, `update onboardings set ${set} changed_at = now() where run_id = $1`, [runId]);
  const until = (what: string, query: string, id: string) =>
    installation.until(what, 30_000, async () => (await installation.asAdmin(null, query, [id])).length > 0);

  const { tenantId, runId } = await begin('Recorded beginner');
  await until('it to begin', 'select 1 from onboardings where run_id = $1 and began_ms is not null', runId);
  await write((em) => chooseMailDomain(em, tenantId, 'recorded.invalid', theSystem));
  await until('a look', 'select 1 from tenant_mail_domains where tenant_id = $1 and finding is not null', tenantId);
  await write((em) => askForSampleData(em, tenantId));
  await until('the sample', `select 1 from tenant_samples where tenant_id = $1 and state = 'loaded'`, tenantId);
  await look(runId, `began_ms = began_ms - ${40 * dayMs},`);
  await until('it to escalate', 'select 1 from onboardings where run_id = $1 and escalated_ms is not null', runId);
  for (const item of onboardingItems) await write((em) => noteOnboarding(em, tenantId, item, theSystem));
  await record('onboardTenant.finishes', runId);

  const cancelled = await begin('Recorded and cancelled');
  await until('it to begin', 'select 1 from onboardings where run_id = $1 and began_ms is not null', cancelled.runId);
  await installation.cancelRun(cancelled.runId);
  await record('onboardTenant.cancelled', cancelled.runId);
}
