import { continueAsNew, proxyActivities, sleep } from '@temporalio/workflow';
import type { LifeActivities, Licence } from '../dues/lives.ts';

const { remindOfOne } = proxyActivities<LifeActivities>({ startToCloseTimeout: '1m' });
const yearMs = 365 * 86_400_000;

/** A licence as one durable life: it sleeps until something is due, does it, and goes on with the next year as a new execution. */
export async function licenseLife(licence: Licence, dueAt: number[]): Promise<void> {
  for (const at of dueAt) {
    await sleep(Math.max(1, at - Date.now()));
    await remindOfOne(licence);
  }
  await continueAsNew<typeof licenseLife>(
    licence,
    dueAt.map((at) => at + yearMs),
  );
}
