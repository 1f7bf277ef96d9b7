import { randomBytes, randomUUID } from 'node:crypto';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openTask } from '#domain/tasks/openTask.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import { rows } from '#domain/sql.ts';
import type { ApiInstallation } from '../apiInstallation.ts';
import { personWith } from '../personWith.ts';

/** A tenant with one of everything that belongs to a tenant, and a word that stands wherever its own texts stand. */
export interface Belongings {
  canary: string;
  plan: string;
  /** For `{…}` in paths, for fields of queries and bodies. */
  ids: Record<string, string>;
}

/** Rows only: what is asked here is answered by the registry, no provider is needed. */
export async function tenantWithBelongings(api: ApiInstallation, plan: string): Promise<Belongings> {
  const { installation } = api;
  const canary = `canary${randomBytes(6).toString('hex')}`;
  const { tenantId, runId } = await installation.em.transactional((em) =>
    registerTenant(
      em,
      installation.platform.tenantKeys,
      {
        name: `Name ${canary}`,
        slug: `slug-${canary}`,
        externalId: `ext-${canary}`,
        labels: { team: canary },
        plan,
        admin: { email: `${canary}@example.org`, name: canary },
      },
      theSystem,
    ),
  );
  const em = installation.em;
  const [step] = await rows<{ id: string }>(
    em,
  )`select id from run_steps where run_id = ${runId} order by position limit 1`;
  const [resource] = await rows<{ id: string }>(em)`select id from resources where tenant_id = ${tenantId} limit 1`;
  await rows(
    em,
  )`update runs set state = 'needs_attention', reason_code = 'check_failed', reason = ${canary} where id = ${runId}`;
  await rows(em)`update tenants set state = 'active' where id = ${tenantId}`;
  const taskId = await em.transactional((tx) =>
    openTask(tx, {
      kind: 'delivery_refused',
      runId,
      tenantId,
      title: canary,
      reason: { code: 'mail_refused', text: canary },
      left: [{ title: canary, where: canary, why: canary }],
    }),
  );
  const findingId = randomUUID();
  await rows(em)`
    insert into drift_findings (id, tenant_id, resource_id, what, expected, found, repair, state, seen_by)
    values (${findingId}, ${tenantId}, ${resource!.id}, ${canary}, 'a', 'b', 'mend', 'open', ${runId})`;
  const someone = await personWith(installation, [{ role: 'support', scope: { kind: 'tenant', tenantId } }]);
  const [assignment] = await rows<{ id: string }>(
    em,
  )`select id from role_assignments where user_id = ${someone.userId}`;
  const supportAccessId = await askedToEnter(api, tenantId, canary);
  const key = await api.ask('POST', '/api/v1/api-keys', {
    body: { name: canary, permissions: ['runs:read'], scope: { kind: 'tenant', tenantId } },
  });
  const approvalId = await askedToErase(api, tenantId, canary);
  return {
    canary,
    plan,
    ids: {
      tenantId,
      runId,
      stepId: step!.id,
      taskId,
      findingId,
      assignmentId: assignment!.id,
      approvalId,
      supportAccessId,
      keyId: String(key.body['id']),
      slug: `slug-${canary}`,
    },
  };
}

/** Somebody who asked the tenant to be let in. */
async function askedToEnter(api: ApiInstallation, tenantId: string, canary: string): Promise<string> {
  const body = { tenantId, reason: `Because of ${canary}`, minutes: 30 };
  const { cookie } = await personWith(api.installation, [{ role: 'support' }]);
  const asked = await api.ask('POST', '/api/v1/support-accesses', { cookie, body });
  if (typeof asked.body['id'] !== 'string') throw new Error(asked.text);
  return asked.body['id'];
}

/** A request about this tenant that others are to approve. */
async function askedToErase(api: ApiInstallation, tenantId: string, canary: string): Promise<string> {
  const policy = (required: number) =>
    api.installation.asAdmin(
      null,
      `insert into approval_policies (act, required, lives_hours) values ('erase_tenant', ${required}, 24)
       on conflict (act) do update set required = excluded.required`,
    );
  await policy(1);
  const { body, text } = await api.ask('POST', '/api/v1/approvals', {
    body: {
      method: 'DELETE',
      path: `/api/v1/tenants/${tenantId}`,
      body: { confirm: `slug-${canary}` },
      reason: canary,
    },
  });
  await policy(0);
  if (typeof body['id'] !== 'string') throw new Error(text);
  return body['id'];
}
