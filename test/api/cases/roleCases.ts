import assert from 'node:assert/strict';
import { bumpAccessEpoch } from '#domain/access/epoch.ts';
import { rows } from '#domain/sql.ts';
import type { Answer } from '../apiInstallation.ts';
import { personWith } from '../personWith.ts';
import type { RouteCase, World } from './routeCases.ts';

/** Roles, and who has them. */
export function roleCases(
  world: World,
): Record<
  'listRoles' | 'createRole' | 'changeRole' | 'deleteRole' | 'listRoleAssignments' | 'assignRole' | 'withdrawRole',
  RouteCase
> {
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);
  const someRole = async (name: string) => {
    await rows(world.api.installation.em)`
      insert into roles (name, title, permissions) values (${name}, 'Night watch', ${['runs:read']})`;
    return name;
  };
  const first = (body: Answer['body']) => (body['items'] as Record<string, unknown>[])[0]!;

  return {
    listRoles: {
      succeeds: async () => ({}),
      shows: is({
        items: [{ name: 'owner', seeded: true, people: 1, requiresSecondFactor: false }, { name: 'admin' }],
      }),
    },
    createRole: {
      succeeds: async () => ({
        body: { name: 'night-watch', title: 'Night watch', permissions: ['runs:read', 'runs:cancel'] },
      }),
      shows: is({
        name: 'night-watch',
        seeded: false,
        permissions: ['runs:read', 'runs:cancel'],
        people: 0,
        version: 1,
      }),
    },
    changeRole: {
      succeeds: async () => ({
        params: { role: await someRole('to-change') },
        body: { expectedVersion: 1, permissions: ['tasks:read'], requiresSecondFactor: true },
      }),
      shows: is({ name: 'to-change', permissions: ['tasks:read'], requiresSecondFactor: true, version: 2 }),
    },
    deleteRole: {
      succeeds: async () => ({ params: { role: await someRole('to-delete') } }),
      shows: ({ text }) => assert.equal(text, ''),
    },
    listRoleAssignments: {
      succeeds: async () => ({}),
      shows: ({ body }) => assert.partialDeepStrictEqual(first(body), { role: 'owner', scope: { kind: 'platform' } }),
    },
    assignRole: {
      async succeeds() {
        const { userId } = await personWith(world.api.installation, []);
        return {
          params: { userId },
          body: { role: 'operator', scope: { kind: 'tenant', tenantId: world.active.tenantId } },
        };
      },
      shows: ({ body }) =>
        assert.partialDeepStrictEqual(first(body), {
          role: 'operator',
          roleTitle: 'Operator',
          scope: { kind: 'tenant', tenantId: world.active.tenantId },
        }),
    },
    withdrawRole: {
      async succeeds() {
        const { em } = world.api.installation;
        const { userId } = await personWith(world.api.installation, [{ role: 'support' }]);
        const [assignment] = await rows<{ id: string }>(em)`select id from role_assignments where user_id = ${userId}`;
        await bumpAccessEpoch(em);
        return { params: { assignmentId: assignment!.id } };
      },
      shows: ({ text }) => assert.equal(text, ''),
    },
  };
}
