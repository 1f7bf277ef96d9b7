import { DomainError } from '#contracts/errors.ts';
import type { SecretRotation, SecretRotations, WorkingSecret } from '#contracts/life/rotation.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import { schemaNameOf, secondRoleOf } from '../resources/names.ts';
import { rotatedKinds, workingCredentials } from '../secrets/credentials.ts';
import { rows } from '../sql.ts';

const shown = 50;

interface Row {
  id: string;
  runId: string;
  kinds: SecretRotation['kinds'];
  state: 'open' | 'done' | 'withdrawn';
  run_state: RunState;
  cancellable: boolean;
  asked_to_cancel: boolean;
  steps: string[];
  overlap_seconds: number;
  asked_at: string;
  asked_by: string | null;
  sign_at: string | null;
  end_at: string | null;
  ended_at: string | null;
}

/** Which secrets of a tenant work, and who rotated them when. Refuses with `not_found`. */
export async function viewRotations(em: Sql, tenantId: string): Promise<SecretRotations> {
  const [tenant] = await rows(em)`select 1 from tenants where id = ${tenantId}`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  const found = await rows<Row>(em)`
    select s.id, s.run_id as "runId", s.kinds, s.state, r.state as run_state, r.cancellable,
      r.cancel_requested_at is not null as asked_to_cancel, s.overlap_seconds, s.asked_at, u.email as asked_by, s.sign_at,
      s.end_at, s.ended_at,
      array(select provider from run_steps where run_id = r.id and state = 'done') as steps
    from secret_rotations s join runs r on r.id = s.run_id left join users u on u.id = s.asked_by
    where s.tenant_id = ${tenantId} order by s.asked_at desc, s.id desc limit ${shown}`;
  return { working: await workingSecrets(em, tenantId), items: found.map(viewRotation) };
}

const viewRotation = (row: Row): SecretRotation => ({
  id: row.id,
  runId: row.runId,
  kinds: row.kinds,
  phase: phaseOf(row),
  overlapSeconds: row.overlap_seconds,
  askedAt: isoOf(row.asked_at),
  askedBy: row.asked_by,
  signAt: row.kinds.includes('realm') && row.sign_at ? isoOf(row.sign_at) : null,
  endAt: row.end_at && isoOf(row.end_at),
  endedAt: row.ended_at && isoOf(row.ended_at),
  may: {
    cancel: row.cancellable && !runIsOver(row.run_state) && !row.asked_to_cancel && row.run_state !== 'rolling_back',
  },
});

function phaseOf({ state, steps, kinds, cancellable }: Row): SecretRotation['phase'] {
  if (state !== 'open') return state;
  if (!steps.includes('secrets.show')) return 'preparing';
  if (kinds.includes('realm') && !steps.includes('secrets.sign')) return 'publishing';
  return cancellable ? 'overlap' : 'ending';
}

async function workingSecrets(em: Sql, tenantId: string): Promise<WorkingSecret[]> {
  const schema = schemaNameOf(tenantId);
  const resources = await rows<{ id: string; kind: WorkingSecret['kind']; created_at: string }>(em)`
    select id, kind, created_at from resources
    where tenant_id = ${tenantId} and kind = any(${[...rotatedKinds]}::text[]) and state = 'present' order by position`;
  const all: WorkingSecret[] = [];
  for (const { id, kind, created_at } of resources)
    for (const { slot, state, since, endsAt } of await workingCredentials(em, kind, id))
      all.push({
        kind,
        name: kind === 'realm' ? slot : slot === 'first' ? schema : secondRoleOf(schema),
        state,
        since: isoOf(since ?? created_at),
        endsAt: endsAt && isoOf(endsAt),
      });
  return all;
}
