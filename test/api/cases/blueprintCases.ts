import assert from 'node:assert/strict';
import type { Answer } from '../apiInstallation.ts';
import type { RouteCase } from './routeCases.ts';

const is = (expected: object) => (answer: Answer) =>
  assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);

/** A success for every route about blueprints and the plans that use them. */
export const blueprintCases = {
  createPlan: {
    succeeds: async () => ({
      body: { name: 'large', title: 'Large', blueprint: { name: 'standard', version: 1 } },
    }),
    shows: is({ name: 'large', title: 'Large', tier: 'schema', blueprint: { name: 'standard', version: 1 } }),
  },
  updatePlan: {
    succeeds: async () => ({ params: { plan: 'standard' }, body: { blueprintVersion: 1, expectedVersion: 1 } }),
    shows: is({ name: 'standard', blueprint: { name: 'standard', version: 1 } }),
  },
  listBlueprints: {
    succeeds: async () => ({}),
    shows: ({ body }) => {
      const standard = (body['items'] as Record<string, unknown>[]).find(({ name }) => name === 'standard');
      assert.partialDeepStrictEqual(standard, { name: 'standard', version: 1, openRuns: 0 });
      assert.ok((standard!['plans'] as { name: string }[]).some(({ name }) => name === 'standard'));
    },
  },
  checkBlueprint: {
    succeeds: async () => ({ body: { steps: [{ kind: 'resource', provider: 'nobody', title: 'x' }] } }),
    shows: is({ valid: false, problems: [{ path: 'steps.0.provider' }] }),
  },
  readBlueprint: {
    succeeds: async () => ({ params: { name: 'standard' } }),
    shows: is({ name: 'standard', versions: [{ version: 1 }] }),
  },
  readBlueprintVersion: {
    succeeds: async () => ({ params: { name: 'standard', version: '1' } }),
    shows: is({ name: 'standard', version: 1, steps: [{ kind: 'resource', key: 'database' }] }),
  },
  createBlueprintVersion: {
    succeeds: async () => ({
      params: { name: 'small' },
      body: { baseVersion: 0, steps: [{ kind: 'resource', provider: 'realm', title: 'Create the realm' }] },
    }),
    shows: is({ name: 'small', version: 1, steps: [{ kind: 'resource', key: 'realm', when: 'before' }], plans: [] }),
  },
} satisfies Record<string, RouteCase>;
