import assert from 'node:assert/strict';
import type { Approval } from '#contracts/approvals/approvals.ts';
import { owner, type Answer } from '../apiInstallation.ts';
import { personWith } from '../personWith.ts';
import type { OperationId, RouteCase, World } from './routeCases.ts';

type ApprovalRoute = Extract<
  OperationId,
  `${string}Approval` | `${string}Approvals` | `${string}ApprovalPolic${string}`
>;

/** Dangerous acts that somebody else must agree to. */
export function approvalCases(world: World): Record<ApprovalRoute, RouteCase> {
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);

  const policy = (required: number) =>
    world.api.installation.asAdmin(
      null,
      `insert into approval_policies (act, required, lives_hours) values ('erase_tenant', ${required}, 24)
       on conflict (act) do update set required = ${required}`,
    );
  const removal = (tenantId: string, reason: string) => ({
    body: { method: 'DELETE', path: `/api/v1/tenants/${tenantId}`, body: { confirm: 'abo' }, reason },
  });

  /** Asked by the owner, unless a cookie says otherwise; the policy is as it was afterwards. */
  async function asked(reason: string, cookie = world.api.cookie): Promise<string> {
    await policy(1);
    const { body, text } = await world.api.ask<Approval>('POST', '/api/v1/approvals', {
      cookie,
      ...removal(world.active.tenantId, reason),
    });
    await policy(0);
    assert.ok(body.id, text);
    return body.id;
  }
  const anotherAdmin = () => personWith(world.api.installation, [{ role: 'admin' }]);

  return {
    requestApproval: {
      async succeeds() {
        await policy(1);
        return removal(world.active.tenantId, 'They have left us.');
      },
      async shows(answer) {
        is({
          act: 'erase_tenant',
          operation: 'deleteTenant',
          reason: 'They have left us.',
          request: { method: 'DELETE', path: `/api/v1/tenants/${world.active.tenantId}`, body: { confirm: 'abo' } },
          tenant: { slug: 'abo' },
          requester: { email: owner.email },
          state: 'pending',
          required: 1,
          approvals: 0,
          may: { decide: false, withdraw: true, use: false },
        })(answer);
        await world.api.ask('POST', `/api/v1/approvals/${String(answer.body['id'])}/withdrawal`);
        await policy(0);
      },
    },
    listApprovals: {
      async succeeds() {
        await asked('To be listed', (await anotherAdmin()).cookie);
        return {};
      },
      shows({ body }) {
        const [newest] = body['items'] as Record<string, unknown>[];
        assert.partialDeepStrictEqual(newest, { reason: 'To be listed', may: { decide: true, withdraw: false } });
      },
    },
    readApproval: {
      succeeds: async () => ({ params: { approvalId: await asked('To be read') } }),
      shows: is({ reason: 'To be read', state: 'pending', decisions: [] }),
    },
    decideApproval: {
      async succeeds() {
        const approvalId = await asked('To be decided', (await anotherAdmin()).cookie);
        return { params: { approvalId }, body: { verdict: 'approve', note: 'I know of it.' } };
      },
      shows: is({
        state: 'approved',
        approvals: 1,
        decisions: [{ by: { email: owner.email }, note: 'I know of it.' }],
      }),
    },
    withdrawApproval: {
      succeeds: async () => ({ params: { approvalId: await asked('To be withdrawn') } }),
      shows: is({ state: 'withdrawn', may: { decide: false, withdraw: false, use: false } }),
    },
    listApprovalPolicies: {
      succeeds: async () => ({}),
      shows({ body }) {
        const erase = (body['items'] as Record<string, unknown>[]).find(({ act }) => act === 'erase_tenant');
        assert.partialDeepStrictEqual(erase, { required: 0, recommended: 1, hours: 24 });
      },
    },
    updateApprovalPolicy: {
      succeeds: async () => ({ params: { act: 'failover' }, body: { expected: 0, hours: 48 } }),
      shows: is({ act: 'failover', required: 0, hours: 48, changedBy: owner.email }),
    },
  };
}
