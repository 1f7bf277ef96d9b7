import { Context } from '@temporalio/activity';
import { DomainError } from '#contracts/errors.ts';
import { runbookActions } from '#contracts/runbooks/catalogue.ts';
import type { SqlStep } from '#contracts/runbooks/steps.ts';
import { workflowOf } from '#contracts/runbooks/workflows.ts';
import type { DeedInput, PlatformRef, Reason, RunbookTurn } from '#contracts/workflowInputs.ts';
import { validate } from '#domain/jsonSchemas.ts';
import { storesAt } from '#domain/replication/serverRows.ts';
import { fillIn, resolve } from '#domain/runbooks/engine/references.ts';
import {
  beginDeed,
  failDeed,
  finishDeed,
  noteDeed,
  noteProgress,
  refuseLate,
  type BegunDeed,
} from '#domain/runbooks/executing/deeds.ts';
import { turnExecution } from '#domain/runbooks/executing/turnExecution.ts';
import { countExecution, countOverrun } from '#observability/recovery/runbookMetrics.ts';
import { ProviderError } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';
import type { ActionContext, ActionResult, AnyAction } from './action.ts';
import { recoveryActions } from './actions.ts';
import { byName, refuseReference } from './byName.ts';
import { checkByHttp, checkBySql } from './checks.ts';
import { runChild } from './childRuns.ts';

/** What a worker of the SaaS team is asked with. */
export interface RunbookCall {
  runId: string;
  stepId: string;
  number: number;
  verb: 'act' | 'undo';
  practice: boolean;
  input: unknown;
}

/** What a runbook's workflow asks for: turns, deeds, and what it writes about deeds that others carry out. */
export const runbookActivities = (deps: Deps) => {
  const { ledger } = deps;
  const actions = recoveryActions(deps);
  refuseMissingActions(actions);
  return {
    'runbook.turn': (ref: PlatformRef, now: number): Promise<RunbookTurn> =>
      turnExecution(ledger, ref, now, { stepOverran: countOverrun, executionEnded: countExecution }),
    'runbook.fail': (deed: DeedInput, reason: Reason): Promise<void> => failDeed(ledger, deed, reason),

    'runbook.sql': (deed: DeedInput) =>
      carryOut(deps, deed, async ({ leaf, known }) => {
        if (leaf.kind !== 'sql') throw unfit(deed);
        const given = (value: unknown) => resolve(value, known, refuseReference);
        return checkBySql(
          leaf,
          given(leaf.params) as unknown[],
          await urlOf(deps, leaf),
          given(leaf.expect) as SqlStep['expect'],
        );
      }),
    'runbook.http': (deed: DeedInput) =>
      carryOut(deps, deed, async ({ leaf, known }, context) => {
        if (leaf.kind !== 'http') throw unfit(deed);
        const asked = { url: fillIn(leaf.url, known), body: resolve(leaf.body ?? null, known, refuseReference) };
        return checkByHttp(leaf, asked, { ...context, toPrivateNetworks: deps.configuration.stepsToPrivateNetworks });
      }),
    'runbook.workflow': (deed: DeedInput) =>
      carryOut(deps, deed, async ({ leaf, known, actor }, { signal }) => {
        const description = leaf.kind === 'workflow' ? workflowOf(leaf.workflow) : undefined;
        if (leaf.kind !== 'workflow' || !description) throw unfit(deed);
        const params = description.params.parse(resolve(leaf.params, known, refuseReference)) as never;
        return runChild(deps, deed, { workflow: description.name, params, actor }, signal);
      }),

    /** What a worker of the SaaS team is going to be asked; null when it has been reported already. */
    async 'runbook.beginOutside'(deed: DeedInput): Promise<RunbookCall | null> {
      const begun = await beginDeed(ledger, deed, Date.now());
      if (!begun) return null;
      if (begun.leaf.kind !== 'custom') throw unfit(deed);
      const { runId, stepId } = deed;
      const input = resolve(begun.leaf.params, begun.known, refuseReference);
      // One number, whatever round it is: an effect of an earlier one is the same effect.
      return { runId, stepId, number: 1, verb: deed.verb === 'undo' ? 'undo' : 'act', practice: begun.practice, input };
    },
    /** Refuses with `output_invalid`. */
    async 'runbook.finishOutside'(deed: DeedInput, answer: unknown): Promise<void> {
      const begun = await beginDeed(ledger, deed, Date.now());
      if (begun?.leaf.kind === 'custom' && deed.verb !== 'undo') refuseWrongAnswer(begun.leaf.outputSchema, answer);
      await finishDeed(ledger, deed, isRecord(answer) ? answer : null);
    },

    ...Object.fromEntries(
      actions.flatMap((action) => {
        const { name } = action.description;
        const names = [
          name,
          ...(action.undo ? [`${name}.undo`] : []),
          ...(action.rehearse ? [`${name}.rehearse`] : []),
        ];
        const serve = (deed: DeedInput) =>
          carryOut(deps, deed, (begun, context) => byName(action, { ...begun, verb: deed.verb }, context));
        return names.map((activity) => [activity, serve] as const);
      }),
    ),
  };
};

export type RunbookActivities = Pick<
  ReturnType<typeof runbookActivities>,
  'runbook.turn' | 'runbook.fail' | 'runbook.beginOutside' | 'runbook.finishOutside'
>;

/** Begins, does and reports; what failed for now is noted, and tried again by whoever asked. */
async function carryOut(
  deps: Deps,
  deed: DeedInput,
  act: (begun: BegunDeed, context: ActionContext) => Promise<ActionResult | void>,
): Promise<void> {
  const { cancellationSignal: signal } = Context.current();
  const begun = await beginDeed(deps.ledger, deed, Date.now());
  if (!begun) return;
  const context: ActionContext = {
    signal,
    heartbeat: (progress) => {
      Context.current().heartbeat();
      if (progress) void noteProgress(deps.ledger, deed, progress).catch(() => undefined);
    },
    executionId: deed.runId,
    effectKey: `${deed.runId}.${begun.leaf.id}`,
    stillWanted: () => refuseLate(deps.ledger, deed),
    isPractice: begun.practice,
    now: Context.current().info.currentAttemptScheduledTimestampMs,
    startedAt: begun.startedAt,
  };
  try {
    await finishDeed(deps.ledger, deed, (await act(begun, context)) ?? null);
  } catch (error) {
    if (error instanceof ProviderError && error.retryable)
      await noteDeed(deps.ledger, deed, { code: 'provider_error', text: error.message }).catch(() => undefined);
    throw error;
  }
}

const unfit = ({ stepId }: DeedInput): Error => new Error(`step ${stepId} is of another kind`);

/** Of a data store where it is now, which after a failover is another server than the configured one. */
async function urlOf({ configuration, registry }: Deps, { on }: SqlStep): Promise<string> {
  const url = configuration.readerDatabaseUrl ?? configuration.appDatabaseUrl;
  if (on === 'registry') return url;
  const store = new URL(url);
  store.pathname = `/${on}`;
  const moved = await storesAt(registry.em.fork());
  if (moved) [store.hostname, store.port] = [moved.host, String(moved.port)];
  return store.toString();
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function refuseWrongAnswer(schema: Record<string, unknown> | undefined, answer: unknown): void {
  const unreadable = (answer as { unreadable?: unknown } | null | undefined)?.unreadable;
  if (typeof unreadable === 'string')
    throw new DomainError('output_invalid', `The worker's answer cannot be read: ${unreadable}.`);
  const [wrong] = schema ? validate(schema, answer) : [];
  if (wrong)
    throw new DomainError('output_invalid', `The answer does not fit its schema: "${wrong.path}" ${wrong.message}.`);
}

/** A worker that lacks what the catalogue describes must not start. */
export function refuseMissingActions(actions: readonly AnyAction[]): void {
  const missing = runbookActions.filter((one) => !actions.some(({ description }) => description === one));
  if (missing.length > 0) throw new Error(`nothing carries out ${missing.map(({ name }) => name).join(', ')}`);
}
