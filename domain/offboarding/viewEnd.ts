import { DomainError } from '#contracts/errors.ts';
import type { KeptByLock } from '#contracts/offboarding/certificate.ts';
import type { ExportView, Offboarding, OffboardingState, TenantEnd } from '#contracts/offboarding/offboarding.ts';
import type { Configuration } from '../configuration.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { listLegalHolds } from './legalHolds.ts';

const isoOrNull = (time: string | null): string | null => time && isoOf(time);

/** What is known of how a tenant leaves, or left. Refuses with `not_found`. */
export async function viewTenantEnd(
  em: Sql,
  keys: TenantKeys,
  { erasure }: Pick<Configuration, 'erasure'>,
  tenantId: string,
): Promise<TenantEnd> {
  const [tenant] = await rows<{ grace_days: number | null }>(em)`
    select p.grace_days from tenants t join plans p on p.name = t.plan where t.id = ${tenantId}`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  const holds = await listLegalHolds(em, keys, tenantId);
  return {
    offboarding: await newestOffboarding(em, tenantId),
    hold: holds.find(({ liftedAt }) => liftedAt === null) ?? null,
    defaults: {
      graceDays: tenant.grace_days ?? erasure.graceDays,
      addressHoldDays: erasure.addressHoldDays,
    },
    erasure: await erasureOf(em, tenantId),
  };
}

interface Row {
  run_id: string;
  grace_days: number;
  requested_at: string;
  requested_by: string | null;
  grace_ends_at: string | null;
  erasing_at: string | null;
  closed_at: string | null;
  outcome: 'undone' | 'erased' | 'left' | null;
  run_state: string;
  held_by: string | null;
  cancellable: boolean;
  cancel_requested_at: string | null;
  step: { provider: string; kind: string; reason: string | null } | null;
}

async function newestOffboarding(em: Sql, tenantId: string): Promise<Offboarding | null> {
  const [row] = await rows<Row>(em)`
    select o.run_id, o.grace_days, o.requested_at, u.email as requested_by, o.grace_ends_at, o.erasing_at, o.closed_at, o.outcome,
           r.state as run_state, r.held_by, r.cancellable, r.cancel_requested_at, (
             select jsonb_build_object('provider', s.provider, 'kind', s.kind, 'reason', s.reason) from run_steps s
             where s.run_id = r.id and s.state not in ('done', 'pending', 'undone', 'skipped') order by s.position limit 1) as step
    from offboardings o join runs r on r.id = o.run_id left join users u on u.id = o.requested_by and u.tenant_id is null
    where o.tenant_id = ${tenantId} order by o.requested_at desc limit 1`;
  if (!row) return null;
  const state = stateOf(row);
  const mayUndo = row.closed_at === null && row.erasing_at === null && row.cancellable && !row.cancel_requested_at;
  const made = await exportOf(em, row.run_id);
  return {
    runId: row.run_id,
    tenantId,
    state,
    reason: row.step?.reason ?? null,
    graceDays: row.grace_days,
    requestedAt: isoOf(row.requested_at),
    requestedBy: row.requested_by,
    graceEndsAt: isoOrNull(row.grace_ends_at),
    erasingAt: isoOrNull(row.erasing_at),
    closedAt: isoOrNull(row.closed_at),
    export: made,
    may: {
      undo: mayUndo && row.run_state !== 'rolling_back',
      link: mayUndo && made !== null && made.verifiedAt !== null && made.removedAt === null,
    },
  };
}

const byStep: Record<string, OffboardingState> = {
  leaving: 'suspending',
  export: 'exporting',
  handover: 'handing_over',
  grace: 'grace',
};
const byHold: Record<string, OffboardingState> = {
  grace: 'grace',
  legal_hold: 'held',
  clocks: 'held',
  decision: 'waiting',
};

function stateOf({ outcome, run_state, erasing_at, held_by, step, cancel_requested_at }: Row): OffboardingState {
  if (outcome) return outcome;
  if (run_state === 'rolling_back' || cancel_requested_at) return 'undoing';
  if (run_state === 'needs_attention') return 'left';
  if (erasing_at) return 'erasing';
  if (held_by) return byHold[held_by] ?? 'waiting';
  if (step?.provider === 'export' && step.kind === 'check') return 'verifying';
  return byStep[step?.provider ?? ''] ?? 'suspending';
}

async function exportOf(em: Sql, runId: string): Promise<ExportView | null> {
  const [row] = await rows<{
    id: string;
    files: number | null;
    rows: string | null;
    bytes: string | null;
    manifest: string | null;
    created_at: string;
    verified_at: string | null;
    removed_at: string | null;
    downloads: number;
    link: { createdAt: string; expiresAt: string; revokedAt: string | null; isGood: boolean } | null;
  }>(em)`
    select e.id, e.files, e.rows::text, e.bytes::text, encode(e.manifest_digest, 'hex') as manifest, e.created_at, e.verified_at,
      e.removed_at, (
        select count(*)::int from export_downloads d join export_links l on l.id = d.link_id
        where l.export_id = e.id and d.finished_at is not null) as downloads, (
        select jsonb_build_object('createdAt', l.created_at, 'expiresAt', l.expires_at, 'revokedAt', l.revoked_at,
          'isGood', l.revoked_at is null and l.expires_at > now())
        from export_links l where l.export_id = e.id order by l.created_at desc limit 1) as link
    from tenant_exports e where e.run_id = ${runId} order by e.created_at desc limit 1`;
  if (!row) return null;
  const { id, files, manifest, downloads, link } = row;
  return {
    id,
    files,
    rows: row.rows === null ? null : Number(row.rows),
    bytes: row.bytes === null ? null : Number(row.bytes),
    manifest,
    createdAt: isoOf(row.created_at),
    verifiedAt: isoOrNull(row.verified_at),
    removedAt: isoOrNull(row.removed_at),
    link: link && {
      createdAt: isoOf(link.createdAt),
      expiresAt: isoOf(link.expiresAt),
      isGood: link.isGood,
      revokedAt: isoOrNull(link.revokedAt),
    },
    downloads,
  };
}

async function erasureOf(em: Sql, tenantId: string): Promise<TenantEnd['erasure']> {
  const [row] = await rows<{
    cause: 'offboarding' | 'removal';
    erased_at: string | null;
    shred_run_id: string | null;
    key_destroyed_at: string | null;
    certified_at: string | null;
    held_until: string | null;
    stays: KeptByLock[];
  }>(em)`
    select cause, erased_at, shred_run_id, key_destroyed_at, certified_at, stays, (
      select max(held_until) from tenant_addresses a where a.tenant_id = e.tenant_id and a.state = 'held') as held_until
    from erasures e where tenant_id = ${tenantId}`;
  return row
    ? {
        cause: row.cause,
        erasedAt: isoOrNull(row.erased_at),
        shredRunId: row.shred_run_id,
        keyDestroyedAt: isoOrNull(row.key_destroyed_at),
        certifiedAt: isoOrNull(row.certified_at),
        addressHeldUntil: isoOrNull(row.held_until),
        stays: row.stays,
      }
    : null;
}
