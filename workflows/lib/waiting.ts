import { condition, defineSignal, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { LedgerActivities } from '#activities/ledger.ts';
import {
  decideSignal,
  wakeSignal,
  type PlannedStep,
  type Reason,
  type RunInput,
  type Taken,
} from '#contracts/workflowInputs.ts';
import { REPORT } from './policies.ts';

const ledger = proxyLocalActivities<LedgerActivities>(REPORT);
const decide = defineSignal<[decisionId: string]>(decideSignal);
const wake = defineSignal(wakeSignal);

/** How a run stands still: by rows that say why and what was decided. Signals only wake it, so a lost or doubled one does no harm. */
export interface Waiting {
  /** A step failed for good: parks the run until a person has decided. */
  forDecision(planned: PlannedStep, reason: Reason): Promise<Taken>;
  /** A step was held before it began: until a person says go on, or times are better. */
  forRelease(planned: PlannedStep): Promise<Taken>;
  /** How often something happened that may be worth a look. */
  signals(): number;
}

export function waitingOf({ runId, tenantId, epoch }: RunInput): Waiting {
  let signals = 0;
  let stops = 0;
  setHandler(decide, () => void (signals += 1));
  setHandler(wake, () => void (signals += 1));

  const decision = async (stop: Parameters<LedgerActivities['ledger.takeDecision']>[0]): Promise<Taken> => {
    for (;;) {
      const seen = signals;
      const taken = await ledger['ledger.takeDecision'](stop);
      if (taken) return taken;
      await condition(() => signals > seen);
    }
  };

  return {
    signals: () => signals,

    async forDecision(planned, reason) {
      const stop = { runId, tenantId, epoch, stepId: planned.id, park: (stops += 1) };
      await ledger['ledger.park'](stop, reason);
      return decision(stop);
    },

    async forRelease(planned) {
      const seen = signals;
      const stop = { runId, tenantId, epoch, stepId: planned.id, park: stops + 1 };
      const hold = await ledger['ledger.hold'](stop);
      if (hold === 'person') {
        stops += 1;
        return decision(stop);
      }
      if (hold === 'times') await condition(() => signals > seen);
      return { kind: 'continue', inputNumber: null };
    },
  };
}
