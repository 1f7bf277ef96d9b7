import { theSystem } from '#domain/events/appendEvent.ts';
import { takeDueMails } from '#domain/mails/outbox.ts';
import { askOwnership } from '#domain/ownership/askOwnership.ts';
import { tokenFor, type Side } from '#domain/ownership/ownershipRow.ts';
import { answerByLink } from '#domain/ownership/answerOwnership.ts';
import { addInvited } from '#domain/people/invitations.ts';
import { findTenantRealm, type Realm } from '#domain/people/realm.ts';
import { startRun } from '#temporal/startRun.ts';
import type { PortalRole } from '#contracts/portal/permissions.ts';
import type { TestInstallation } from '../../servers/installation.ts';

interface Tenant {
  tenantId: string;
  slug: string;
}

export async function realmOf(installation: TestInstallation, { tenantId }: Tenant): Promise<Realm> {
  const realm = await findTenantRealm(installation.em, installation.platform, tenantId);
  if (!realm) throw new Error(`tenant ${tenantId} has no realm`);
  return realm;
}

/** Somebody who has accepted and is signed in. */
export async function addMember(
  installation: TestInstallation,
  tenant: Tenant,
  email: string,
  portalRole: PortalRole,
): Promise<string> {
  const realm = await realmOf(installation, tenant);
  const [known] = await installation.asAdmin<{ id: string }>(null, 'select id from users where email = $1', [
    realm.indexOf(email),
  ]);
  const id =
    known?.id ?? (await installation.em.transactional((em) => addInvited(em, realm, { email, portalRole }, theSystem)));
  await installation.asAdmin(null, 'update users set activated_at = now(), portal_role = $2 where id = $1', [
    id,
    portalRole,
  ]);
  await installation.asAdmin(
    null,
    `insert into sessions (token_hash, id, user_id, expires_at) values ($1, gen_random_uuid(), $2, now() + interval '1 day')`,
    [Buffer.from(id), id],
  );
  return id;
}

/** Asks somebody to own a tenant the way the API does. */
export async function ask(
  installation: TestInstallation,
  tenant: Tenant,
  wanted: Partial<Parameters<typeof askOwnership>[3]> & Pick<Parameters<typeof askOwnership>[3], 'to'>,
): Promise<string> {
  const terms = { oldStaysAdmin: false, needsConfirmation: false, expiresInHours: 168, ...wanted };
  const { runId } = await installation.em.transactional((em) =>
    askOwnership(em, installation.platform, tenant.tenantId, { confirm: tenant.slug, ...terms }, theSystem),
  );
  await startRun(installation.platform, installation.temporal.client, runId);
  return runId;
}

export async function linkOf(installation: TestInstallation, runId: string, side: Side): Promise<string> {
  const [change] = await installation.asAdmin<{ id: string }>(
    null,
    'select id from ownership_changes where run_id = $1',
    [runId],
  );
  return tokenFor(installation.platform, change!.id, side);
}

/** Answers by the link; the reconciler would wake the workflow too. */
export async function answer(
  installation: TestInstallation,
  runId: string,
  side: Side,
  word: 'agree' | 'decline' = 'agree',
): Promise<void> {
  const token = await linkOf(installation, runId, side);
  const { workflowId } = await installation.em.transactional((em) =>
    answerByLink(em, { token, answer: word }, theSystem),
  );
  await installation.temporal.client.workflow.getHandle(workflowId).signal('wake');
}

/** The subjects of the mails that wait, by address; they are taken. */
export async function mails(installation: TestInstallation): Promise<string[]> {
  const due = await takeDueMails(installation.em, installation.platform.installation.keyring, 100);
  return due.map(({ to, subject }) => `${to}: ${subject}`).sort();
}
