import { proxyActivities } from '@temporalio/workflow';
import type { nothing } from '../overhead.ts';

const activities = proxyActivities<{ nothing: typeof nothing }>({ startToCloseTimeout: '30s' });

/** As many ordinary activities as the blueprint has steps, with default options and nothing in them: the least that a saga costs. */
export async function fourSteps(): Promise<void> {
  for (let i = 0; i < 4; i++) await activities.nothing();
}
