import assert from 'node:assert/strict';
import { scheduledKinds } from '#contracts/schedules.ts';
import type { Answer } from '../apiInstallation.ts';
import type { OperationId, Request, RouteCase, World } from '../cases/routeCases.ts';

type ScheduleRoute = Extract<OperationId, `${string}Schedule` | 'listSchedules'>;

/** A success for every route about what comes by the clock. The world's worker has made the schedules. */
export function scheduleCases(world: World): Record<ScheduleRoute, RouteCase> {
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);
  const ofSchedule = async (schedule: string, body?: object): Promise<Request> => {
    await world.api.installation.until('the worker to make its schedules', 20_000, async () => {
      const { body: seen } = await world.api.ask<{ items: { state: string }[] }>('GET', '/api/v1/schedules');
      return seen.items.every(({ state }) => state !== 'missing');
    });
    return { params: { schedule }, ...(body ? { body } : {}) };
  };
  return {
    listSchedules: {
      succeeds: async () => ({}),
      shows: ({ body }) =>
        assert.deepEqual(
          (body['items'] as { kind: string }[]).map(({ kind }) => kind),
          [...scheduledKinds],
        ),
    },
    readSchedule: {
      succeeds: () => ofSchedule('checkDrift'),
      shows: is({ kind: 'checkDrift', starts: 'run', state: 'active', times: { at: '02:17' }, overlap: 'skip' }),
    },
    pauseSchedule: {
      succeeds: () => ofSchedule('sweepOrphans', { reason: 'not this week' }),
      shows: is({ state: 'paused', note: 'not this week', nextTimes: [] }),
    },
    resumeSchedule: { succeeds: () => ofSchedule('sweepOrphans'), shows: is({ state: 'active', note: null }) },
    triggerSchedule: { succeeds: () => ofSchedule('cullLicenseUses'), shows: is({ kind: 'cullLicenseUses' }) },
    backfillSchedule: {
      succeeds: () =>
        ofSchedule('expireLicenseOverrides', { from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:01:00Z' }),
      shows: is({ times: 3 }),
    },
  };
}
