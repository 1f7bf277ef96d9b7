import assert from 'node:assert/strict';
import { openTask } from '#domain/tasks/openTask.ts';
import { owner, type Answer } from '../apiInstallation.ts';
import type { OperationId, RouteCase, World } from './routeCases.ts';

type AttentionRoute = Extract<
  OperationId,
  `${string}Task` | 'listTasks' | `${string}NotificationTarget${string}` | 'readPlatform' | 'confirmCluster'
>;

/** What people are asked for, whom it is told to, and the cluster they decide upon. */
export function attentionCases(world: World): Record<AttentionRoute, RouteCase> {
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);

  const aTask = () =>
    world.api.installation.em.transactional((em) =>
      openTask(em, {
        kind: 'delivery_refused',
        ...world.active,
        title: 'A message was refused for good',
        reason: { code: 'mail_refused', text: 'The mail server refused the mail for good (550).' },
      }),
    );

  const kinds = ['attention', 'parked'];
  const aTarget = async () => {
    const body = { channel: 'mail', title: 'On call', address: 'on-call@example.org', kinds };
    const created = await world.api.ask<{ target: { id: string } }>('POST', '/api/v1/notification-targets', { body });
    return { targetId: created.body.target.id };
  };

  return {
    readPlatform: {
      async succeeds() {
        await aTask();
        return {};
      },
      shows({ body }) {
        assert.deepEqual(body['cluster'], { state: 'same' });
        assert.ok(Number(body['openTasks']) >= 1);
      },
    },
    confirmCluster: {
      async succeeds() {
        const [seen] = await world.api.installation.asAdmin(
          null,
          `insert into cluster_changes
             (id, known_cluster_id, known_namespace_id, seen_cluster_id, seen_namespace_id, affected_runs)
           select gen_random_uuid(), 'lost', 'lost', cluster_id, namespace_id, 1 from runs where id = $1
           returning seen_cluster_id as "clusterId", seen_namespace_id as "namespaceId"`,
          [world.active.runId],
        );
        return { body: seen };
      },
      shows: is({ restarted: 0, finishedFromLedger: 0 }),
    },
    listTasks: {
      async succeeds() {
        await aTask();
        return {};
      },
      shows({ body }) {
        const [task] = body['items'] as Record<string, unknown>[];
        assert.partialDeepStrictEqual(task, { kind: 'delivery_refused', state: 'open', tenant: { slug: 'abo' } });
      },
    },
    readTask: {
      succeeds: async () => ({ params: { taskId: await aTask() } }),
      shows: is({ kind: 'delivery_refused', state: 'open', left: [], may: { close: true } }),
    },
    assignTask: {
      succeeds: async () => ({ params: { taskId: await aTask() }, body: { assignee: 'me' } }),
      shows: is({ assignee: { email: owner.email } }),
    },
    closeTask: {
      succeeds: async () => ({ params: { taskId: await aTask() }, body: { note: 'Telephoned.' } }),
      shows: is({ state: 'done', note: 'Telephoned.', closedBy: owner.email }),
    },
    listNotificationTargets: {
      async succeeds() {
        await aTarget();
        return {};
      },
      shows({ body }) {
        const [target] = body['items'] as Record<string, unknown>[];
        assert.partialDeepStrictEqual(target, {
          address: 'on-call@example.org',
          kinds,
          waiting: 0,
          dead: 0,
          recent: [],
        });
      },
    },
    createNotificationTarget: {
      succeeds: async () => ({
        body: {
          channel: 'webhook',
          title: 'Pager',
          address: 'https://pager.example/hook?token=1',
          kinds: ['attention'],
        },
      }),
      async shows({ body }) {
        assert.match(String(body['secret']), /^whsec_[A-Za-z0-9+/]{43}=$/);
        const rest = await world.api.installation.asAdmin<{ row: string }>(
          null,
          'select row_to_json(t)::text as row from notification_targets t',
        );
        assert.doesNotMatch(rest.map(({ row }) => row).join(), /pager\.example|on-call@/);
      },
    },
    updateNotificationTarget: {
      succeeds: async () => ({ params: await aTarget(), body: { enabled: false, kinds: ['drift'] } }),
      shows: is({ title: 'On call', enabled: false, kinds: ['drift'] }),
    },
    deleteNotificationTarget: {
      succeeds: async () => ({ params: await aTarget() }),
      shows: ({ text }) => assert.equal(text, ''),
    },
    testNotificationTarget: {
      succeeds: async () => ({ params: await aTarget() }),
      shows: ({ body }) => {
        const [test] = body['recent'] as Record<string, unknown>[];
        assert.partialDeepStrictEqual(test, { taskId: null, state: 'waiting' });
      },
    },
  };
}
