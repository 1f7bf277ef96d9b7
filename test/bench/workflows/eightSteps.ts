import { proxyActivities } from '@temporalio/workflow';
import type { SampleActivities } from '../sagas.ts';

const { book, release } = proxyActivities<SampleActivities>({ startToCloseTimeout: '1m' });

/** As the public TypeScript sample does a saga: one ordinary activity a step, default options, the undo remembered after the act. */
export async function eightSteps(sagaId: string): Promise<void> {
  const undos: (() => Promise<void>)[] = [];
  try {
    for (let step = 0; step < 8; step++) {
      await book(sagaId, step);
      undos.unshift(() => release(sagaId, step));
    }
  } catch (error) {
    for (const undo of undos) await undo();
    throw error;
  }
}
