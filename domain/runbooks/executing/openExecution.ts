import { createHash } from 'node:crypto';
import { v7 as newId } from 'uuid';
import { DomainError, type FieldError } from '#contracts/errors.ts';
import type { ExecutionStart } from '#contracts/runbooks/executions.ts';
import type { InputValues, RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import { leavesOf, type LeafStep } from '#contracts/runbooks/steps.ts';
import type { Sql } from '../../database.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { inOrder } from '../../inOrder.ts';
import { addSteps, openRun } from '../../runs/openRun.ts';
import { json, rows } from '../../sql.ts';
import { carriedOut } from '../catalogue.ts';
import { readInputs } from '../checking/checkInputs.ts';
import { boundTo } from '../digests.ts';
import { newStep } from '../engine/state.ts';
import { findVersion } from '../versions/viewRunbooks.ts';
import { tell, type WordsKey } from './timeline.ts';

export interface OpenedExecution {
  runId: string;
  runbook: string;
  version: number;
}

/**
 * Opens an execution, in the caller's transaction; the caller starts its run after the commit. Refuses with `not_found`, `input_invalid`,
 * `run_in_progress` where the same is under way and the runbook is exclusive.
 */
export async function openExecution(
  em: Sql,
  keyring: WordsKey,
  name: string,
  start: ExecutionStart & { cause?: 'asked' | 'schedule' },
  actor: Actor,
): Promise<OpenedExecution> {
  const { version, digest, definition } = await findVersion(em, name, start.version);
  const inputs = readInputs(definition.inputs, start.inputs);
  const leaves = leavesOf(definition.steps);
  refuseUnknown(leaves, start);
  const runId = newId();
  const practice = start.practice;
  const subjectId = claimOf(definition, { name, inputs, practice }) ?? runId;
  await openRun(
    em,
    { id: runId, kind: 'executeRunbook', tenantId: null, subjectId, exclusive: false, cancellable: true },
    actor,
  );
  const startAt = start.startAt ?? null;
  const bound = boundTo({ runbook: name, version, digest, inputs, practice, startAt });
  await rows(em)`
    insert into runbook_executions (run_id, runbook, version, digest, inputs, bound_to, practice, cause, start_at)
    values (${runId}, ${name}, ${version}, ${digest}, ${json(inputs)}::jsonb, ${bound}, ${practice}, ${start.cause ?? 'asked'},
            ${startAt})`;
  await addSteps(
    em,
    runId,
    leaves.map((leaf) => ({
      ...{ title: leaf.title, kind: 'fixed', provider: providerOf(leaf), act: providerOf(leaf), key: leaf.id },
      undo: leaf.undo ? leaf.undo.kind : null,
    })),
  );
  await addRecords(em, runId, leaves, start);
  await tell(
    em,
    runId,
    {
      kind: 'opened',
      words: { keyring, text: start.startReason ?? null },
      data: { runbook: name, version, practice, ...(startAt ? { startAt } : {}) },
    },
    actor,
  );
  return { runId, runbook: name, version };
}

const providerOf = (leaf: LeafStep): string => (leaf.kind === 'action' ? leaf.action : `runbook.${leaf.kind}`);

async function addRecords(em: Sql, runId: string, leaves: LeafStep[], start: ExecutionStart): Promise<void> {
  const begin = start.startAt ? leaves.findIndex(({ id }) => id === start.startAt) : 0;
  const records = leaves.map((leaf, position) => {
    const mode = position < begin ? 'passed' : carriedOut(leaf, start.practice).mode;
    return {
      ...{ position, key: leaf.id, output: start.outputs[leaf.id] ?? null },
      record: newStep(leaf.id, mode, start.breakpoints.includes(leaf.id)),
    };
  });
  await rows(em)`
    insert into runbook_steps (step_id, run_id, key, position, record, output)
    select s.id, s.run_id, given.key, given.position, given.record, given.output
    from jsonb_to_recordset(${json(records)}::jsonb) as given (position integer, key text, record jsonb, output jsonb)
    join run_steps s on s.run_id = ${runId} and s.position = given.position`;
}

function refuseUnknown(leaves: LeafStep[], start: ExecutionStart): void {
  const ids = new Set(leaves.map(({ id }) => id));
  const fields: FieldError[] = [
    ...(start.startAt && !ids.has(start.startAt) ? [{ path: 'startAt', message: 'is no step of this version' }] : []),
    ...(start.startAt && !start.startReason
      ? [{ path: 'startReason', message: 'must say why steps are passed over' }]
      : []),
    ...start.breakpoints.flatMap((id, at) =>
      ids.has(id) ? [] : [{ path: `breakpoints.${at}`, message: 'is no step of this version' }],
    ),
    ...Object.keys(start.outputs).flatMap((id) =>
      ids.has(id) ? [] : [{ path: `outputs.${id}`, message: 'is no step of this version' }],
    ),
  ];
  if (fields.length > 0) throw new DomainError('input_invalid', 'The runbook cannot be started like this.', { fields });
}

/** An id that two executions share where only one of them may be open. A practice is in nobody's way on the worst day. */
function claimOf(
  { exclusive }: RunbookDefinition,
  what: { name: string; inputs: InputValues; practice: boolean },
): string | null {
  if (exclusive === 'no') return null;
  const claim = exclusive === 'runbook' ? { ...what, inputs: null } : what;
  const hash = createHash('sha256')
    .update(JSON.stringify(inOrder(claim)))
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80; // a UUID of version 8: its bits mean what we say (RFC 9562)
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
