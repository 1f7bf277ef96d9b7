import { NewTenant, TenantPlan } from '#contracts/tenants.ts';
import { planRegistration } from '#domain/tenants/planRegistration.ts';
import { defineRoute } from '../../route.ts';

/** Writes nothing: what the registry knows is read here, what the providers would do is told by a worker. */
export const planTenant = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/plan',
  summary: 'Show what creating a tenant would do',
  permission: 'tenants:create',
  body: NewTenant,
  success: { status: 200, body: TenantPlan },
  errors: ['external_id_taken', 'plan_unknown', 'region_unknown'],
  async handle({ body }, { em, workflows }) {
    const { steps, tenantId, region, ...planned } = await planRegistration(em, body);
    const providers = steps.flatMap(({ kind, provider }) => (kind === 'resource' ? [provider] : []));
    const actions = await workflows.plan({ tenantId, region, providers });
    const reserve = planned.slugIsFree
      ? { action: 'reserve' as const, reason: `The address "${planned.slug}" is free.` }
      : { action: 'conflict' as const, reason: `The address "${planned.slug}" is taken.` };
    return {
      ...planned,
      steps: [
        { title: 'Reserve the address', provider: 'address', ...reserve },
        ...steps.map(({ kind, title, provider }) => {
          if (kind === 'check')
            return { title, provider, action: 'check' as const, reason: 'Runs when all of the above is there.' };
          const told = actions.find((action) => action.provider === provider);
          return { title, provider, action: told?.action ?? ('create' as const), reason: told?.reason ?? '' };
        }),
        {
          title: 'Open the doors',
          provider: 'doors',
          action: 'open' as const,
          reason: 'The tenant becomes visible and usable.',
        },
      ],
    };
  },
});
