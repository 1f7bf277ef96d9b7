import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import type { Profile } from '../people/realm.ts';
import type { Platform } from '../platform.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { json, rows } from '../sql.ts';
import { hashOfToken } from '../secrets/tokens.ts';

export type OwnershipState = 'asked' | 'agreed' | 'done' | 'declined' | 'expired' | 'withdrawn';

export interface OwnershipRow {
  id: string;
  tenant_id: string;
  run_id: string;
  state: OwnershipState;
  to_member: string | null;
  from_member: string | null;
  sealed_people: Buffer;
  old_stays_admin: boolean;
  needs_confirmation: boolean;
  expires_at: string | null;
  reminded: number;
  consented_at: string | null;
  confirmed_at: string | null;
  /** How long is waited, in seconds: counted by the workflow's clock from its first look. */
  wait_seconds: number;
}

/** Who it is about, as they were called when it was asked. */
export interface Concerned {
  to: Profile;
  from: Profile | null;
}

/** The change of a run, its row held until the end of the transaction. */
export async function lockOwnership(em: Sql, runId: string): Promise<OwnershipRow> {
  const [row] = await rows<OwnershipRow>(em)`
    select id, tenant_id, run_id, state, to_member, from_member, sealed_people, old_stays_admin, needs_confirmation,
      expires_at, reminded, consented_at, confirmed_at, wait_seconds
    from ownership_changes where run_id = ${runId} for update`;
  if (!row) throw new Error(`run ${runId} changes no ownership`);
  return row;
}

const contextOf = (id: string): string => `ownership/${id}`;

export const sealConcerned = (keys: TenantKeys, tenantId: string, id: string, people: Concerned): Promise<Buffer> =>
  keys.sealFor(tenantId, json(people), contextOf(id));

/** Null once the key of the tenant is gone. */
export async function openConcerned(
  keys: TenantKeys,
  row: Pick<OwnershipRow, 'id' | 'tenant_id' | 'sealed_people'>,
): Promise<Concerned | null> {
  if (!(await keys.find(row.tenant_id))) return null;
  return JSON.parse(await keys.unsealFor(row.tenant_id, row.sealed_people, contextOf(row.id))) as Concerned;
}

export type Side = 'new_owner' | 'old_owner';

/** 128 bits that only this installation can know: a reminder carries the link that went out first, which stays good. */
export const tokenFor = ({ installation }: Pick<Platform, 'installation'>, id: string, side: Side): string =>
  installation.keyring.callbackSecret(`ownership/${id}/${side}`).toString('base64url');

export const hashFor = (platform: Pick<Platform, 'installation'>, id: string, side: Side): Buffer =>
  hashOfToken(tokenFor(platform, id, side));

/** A fact of the tenant's chain; who the people are stays out of it. */
export const tellOfOwnership = (
  em: Sql,
  { id, tenant_id: tenantId, run_id: runId }: Pick<OwnershipRow, 'id' | 'tenant_id' | 'run_id'>,
  what: string,
  actor: Actor,
): Promise<void> =>
  appendEvent(
    em,
    { stream: `tenant:${tenantId}`, type: `tenant.ownership_${what}`, tenantId, data: { changeId: id, runId } },
    actor,
  );
