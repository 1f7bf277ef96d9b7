import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  patched,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { RenewalActivities } from '#activities/tenant/renewLicense.ts';
import type { RunInput, StepInput } from '#contracts/workflowInputs.ts';
import { refOf, takeBeside, takeFixed, undoFixed } from '../lib/fixedSteps.ts';
import { BESIDE, FIXED, PAY, REPORT } from '../lib/policies.ts';
import { reasonOf } from '../lib/reason.ts';
import { fixedStep } from '../lib/steps.ts';
import { waitingOf, type Waiting } from '../lib/waiting.ts';

const renewal = proxyActivities<RenewalActivities>(FIXED);
const payment = proxyActivities<RenewalActivities>(PAY);
const beside = proxyLocalActivities<RenewalActivities>(BESIDE);
const ledger = proxyLocalActivities<LedgerActivities & RenewalActivities>(REPORT);

/**
 * Renews a licence for one more term, or changes it within one: signed before it is sold, paid before it counts. Until the money is taken
 * everything can be taken back; from then on it goes on until the licence is delivered.
 */
export async function renewLicense(run: RunInput): Promise<void> {
  const waiting = waitingOf(run);
  const take = taking(run, patched('renewal-beside'));
  let isCaptured = false;
  try {
    await approved(run, waiting);
    await take('sign', (asked, input) => asked['renewal.sign'](input, now()));
    if (isPriced(run)) {
      await takeFixed(run, 'renewal.authorise', (input) => authorised(input, waiting));
      await CancellationScope.nonCancellable(() =>
        takeFixed(run, 'renewal.capture', (input) => payment['renewal.capture'](input)),
      );
      isCaptured = true;
    }
    await CancellationScope.nonCancellable(() =>
      take('activate', (asked, input) => asked['renewal.activate'](input, now())),
    );
  } catch (error) {
    return await CancellationScope.nonCancellable(() => (isCaptured ? strand(run, error) : takeBack(run, error)));
  }
  await CancellationScope.nonCancellable(async () => {
    await take('deliver', (asked, input) => asked['renewal.deliver'](input));
    await ledger['renewal.closeRenewed'](refOf(run));
  });
}

/** Until somebody has approved it, where that is wanted; throws when nobody did in time, or somebody said no. */
async function approved(run: RunInput, waiting: Waiting): Promise<void> {
  const stop = { ...refOf(run), stepId: fixedStep(run, 'renewal.sign').id, park: 1 };
  for (;;) {
    const seen = waiting.signals();
    const asked = await ledger['renewal.askApproval'](stop);
    if (!asked) return;
    const taken = await ledger['ledger.takeDecision'](stop);
    if (taken?.kind === 'roll_back')
      throw ApplicationFailure.nonRetryable('The renewal was not approved.', 'rolled_back_by_decision');
    if (taken) return;
    const leftMs = Date.parse(asked.endsAt) - Date.now();
    if (leftMs <= 0) throw ApplicationFailure.nonRetryable('Nobody approved it in time.', 'renewal_expired');
    await condition(() => waiting.signals() > seen, leftMs);
  }
}

/** Until the money is held. Whoever pays by transfer takes days; the activity says when to look again, and whoever has news wakes it. */
async function authorised(input: StepInput, waiting: Waiting): Promise<void> {
  for (;;) {
    const seen = waiting.signals();
    const answer = await payment['renewal.authorise'](input, now());
    if (answer.isHeld) return;
    await condition(() => waiting.signals() > seen, Math.max(1, Date.parse(answer.nextAt) - Date.now()));
  }
}

type Act = (asked: RenewalActivities, input: StepInput) => Promise<void>;

/** What is a transaction in the registry and asks nobody else: beside the workflow, unless its run began before that was so. */
const taking = (run: RunInput, isBeside: boolean) => (name: string, act: Act) =>
  isBeside
    ? takeBeside(run, `renewal.${name}`, (input) => act(beside, input))
    : takeFixed(run, `renewal.${name}`, (input) => act(renewal, input));

/** What was held is let go and what was signed is gone, whatever of it this execution began: an earlier one may have. */
async function takeBack(run: RunInput, error: unknown): Promise<never> {
  const reason = reasonOf(error);
  await ledger['ledger.startRollback'](refOf(run), reason);
  if (isPriced(run)) await undoFixed(run, 'renewal.authorise', (input) => payment['renewal.void'](input));
  await undoFixed(run, 'renewal.sign', (input) => renewal['renewal.discard'](input));
  const outcome = await ledger['renewal.closeTakenBack'](refOf(run), reason);
  // The execution ends as what it was, so that the Temporal UI's own filters find it.
  if (outcome === 'cancelled') throw new CancelledFailure('cancelled on request; the licence is what it was');
  throw ApplicationFailure.create({ type: outcome, message: reason.text, nonRetryable: true });
}

/** Paid, and its licence is gone: a person is asked for. */
async function strand(run: RunInput, error: unknown): Promise<never> {
  const reason = reasonOf(error);
  await ledger['renewal.closeStranded'](refOf(run), reason);
  throw ApplicationFailure.create({ type: 'needs_attention', message: reason.text, nonRetryable: true });
}

const isPriced = (run: RunInput): boolean => run.steps.some(({ provider }) => provider === 'renewal.authorise');
const now = (): string => new Date().toISOString();
