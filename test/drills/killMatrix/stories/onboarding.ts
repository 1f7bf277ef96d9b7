import { theSystem } from '#domain/events/appendEvent.ts';
import { chooseMailDomain } from '#domain/onboarding/mailDomains.ts';
import { startOnboarding } from '#domain/onboarding/openOnboarding.ts';
import { askForSampleData } from '#domain/onboarding/tenantsPart.ts';
import { rows } from '#domain/sql.ts';
import type { Acknowledged, Ground } from '../../ground.ts';
import { noted, written } from '../places.ts';
import { opening, provisioned, type Story } from '../story.ts';

const plan = 'accompanied';
const dayMs = 86_400_000;

/** Tenants of a plan that asks for what the system itself completes, so that their onboarding ends without anybody. */
async function accompanied(ground: Ground, labels: string[]): Promise<Acknowledged[]> {
  const tenants = await provisioned([])(ground, labels);
  await ground.ask(
    `insert into plans (name, title, tier, blueprint_name, blueprint_version)
     select $1, $1, tier, blueprint_name, blueprint_version from plans where name = 'standard' on conflict do nothing`,
    [plan],
  );
  await ground.ask(
    `insert into onboarding_plans (plan, items, reminder_days, escalate_after_days) values ($1, '{sample_data}', '{1}', 2)
     on conflict do nothing`,
    [plan],
  );
  await ground.ask('update tenants set plan = $1 where id = any($2)', [plan, tenants.map(({ tenantId }) => tenantId)]);
  return tenants;
}

const onboarding: Story = {
  title: 'a tenant is onboarded',
  kind: 'onboardTenant',
  places: [
    ...noted('onboarding', 'onboarding.look'),
    ...written('onboarding', 'onboarding.remind'),
    ...written('onboarding', 'onboarding.escalate'),
    ...written('onboarding', 'onboarding.verifyMailDomain'),
    ...written('onboarding', 'onboarding.loadSampleData'),
    ...written('onboarding', 'onboarding.finish'),
  ],
  fails: [],
  prepare: accompanied,
  open: opening(async (em, { tenantId }) => {
    const runId = await startOnboarding(em, tenantId, theSystem);
    await chooseMailDomain(em, tenantId, 'drill.invalid', theSystem);
    await askForSampleData(em, tenantId);
    await rows(em)`update onboardings set began_ms = ${Date.now() - 3 * dayMs}::bigint where run_id = ${runId}`;
    return { runId };
  }),
  ends: { run: 'succeeded', tenant: 'active' },
};

export const onboardingStories: readonly Story[] = [onboarding];
