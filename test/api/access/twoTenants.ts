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
  const licenseId = await licensed(api, tenantId, canary);
  const seat = await api.ask('POST', '/api/v1/licenses/check-out', {
    body: { licenseId, kind: 'seat', holder: canary },
  });
  const renewalId = await renewed(api, tenantId, canary);
  const backupId = await backedUp(api, tenantId, runId, canary);
  await broughtBack(api, tenantId, runId);
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
      licenseId,
      renewalId,
      backupId,
      evidenceId: await evidenced(api, tenantId, canary),
      drillId: await drilled(api, { tenantId, runId, backupId }, canary),
      useId: String(seat.body['useId']),
      supportAccessId,
      keyId: String(key.body['id']),
      slug: `slug-${canary}`,
      ticket: `tex_${'0'.repeat(28)}`,
    },
  };
}

/** A backup that was made once, which could not be read again. */
async function backedUp(api: ApiInstallation, tenantId: string, runId: string, canary: string): Promise<string> {
  const id = randomUUID();
  await api.installation.asAdmin(
    null,
    `insert into backups (id, tenant_id, run_id, cause, state, at, verified_at, verified_as, refusal)
     values ($1, $2, $3, 'asked', 'kept', now(), now(), 'bad', $4)`,
    [id, tenantId, runId, canary],
  );
  await api.installation.asAdmin(
    null,
    `insert into tenant_backups (tenant_id, failures, failed_at, failure_code, failure, paused_at, pause_reason)
     values ($1, 1, now(), 'backup_failed', $2, now(), $2) on conflict do nothing`,
    [tenantId, canary],
  );
  return id;
}

/** A moment of it that was brought back. */
const broughtBack = (api: ApiInstallation, tenantId: string, runId: string): Promise<unknown> =>
  api.installation.asAdmin(
    null,
    `insert into recoveries (run_id, tenant_id, at, mode) values ($1, $2, now(), 'copy')`,
    [runId, tenantId],
  );

/** What was signed of it. */
async function evidenced(api: ApiInstallation, tenantId: string, canary: string): Promise<string> {
  const id = randomUUID();
  await api.installation.asAdmin(
    null,
    `insert into evidence_bundles (id, tenant_id, from_day, to_day, issued_at, digest, bundle)
     values ($1, $2, current_date, current_date, now(), '', jsonb_build_object('kind', $3::text))`,
    [id, tenantId, canary],
  );
  return id;
}

/** A drill of it that did not hold. */
async function drilled(
  api: ApiInstallation,
  { tenantId, runId, backupId }: { tenantId: string; runId: string; backupId: string },
  canary: string,
): Promise<string> {
  const id = randomUUID();
  await api.installation.asAdmin(
    null,
    `insert into backup_drills (id, tenant_id, run_id, backup_id, cause, state, finished_at, backup_at, rpo_target_seconds, rto_target_ms,
       reason_code, reason)
     values ($1, $2, $3, $4, 'asked', 'failed', now(), now(), 60, 60000, 'drill_failed', $5)`,
    [id, tenantId, runId, backupId, canary],
  );
  return id;
}

/** A licence whose policy is called like the tenant's things. */
async function licensed(api: ApiInstallation, tenantId: string, canary: string): Promise<string> {
  const rules = { product: 'suite', term: { kind: 'perpetual' }, entitlements: { [canary]: { flag: true } } };
  await api.ask('POST', `/api/v1/license-policies/${canary}/versions`, { body: { baseVersion: 0, rules } });
  const body = { policy: { name: canary, version: 1 } };
  return String((await api.ask('POST', `/api/v1/tenants/${tenantId}/licenses`, { body })).body['id']);
}

/** A renewal that nobody carries out here, of a licence that nobody pays for. */
async function renewed(api: ApiInstallation, tenantId: string, canary: string): Promise<string> {
  const name = `${canary}-yearly`;
  const rules = { product: 'suite', term: { kind: 'term', period: 'P1Y' } };
  await api.ask('POST', `/api/v1/license-policies/${name}/versions`, { body: { baseVersion: 0, rules } });
  const body = { policy: { name, version: 1 }, test: true };
  const license = await api.ask('POST', `/api/v1/tenants/${tenantId}/licenses`, { body });
  const { body: renewal, text } = await api.ask('POST', `/api/v1/licenses/${String(license.body['id'])}/renewals`, {
    body: {},
  });
  const id = renewal['renewalId'] ?? renewal['id'];
  if (typeof id !== 'string') throw new Error(text);
  return id;
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
