import assert from 'node:assert/strict';
import type { QueryResultRow } from 'pg';
import type { DangerousAct } from '#contracts/approvals/acts.ts';
import { approvalHeader, type Approval } from '#contracts/approvals/approvals.ts';
import type { Problem } from '#contracts/problems.ts';
import { ApiInstallation, insides, type Answer, type Asking } from '../apiInstallation.ts';
import { personWith, type TestPerson } from '../personWith.ts';

export const secrets = '/api/v1/signing-secrets';

/** An API with three owners who ask each other for approval of new signing secrets. */
export async function threeOwners() {
  const api = await ApiInstallation.start();
  const [ada, bob, cem] = await Promise.all([1, 2, 3].map(() => personWith(api.installation, [{ role: 'owner' }])));

  const asAdmin = <Row extends QueryResultRow>(text: string, values: unknown[] = []) =>
    api.installation.asAdmin<Row>(null, text, values);
  const by = <Body = Record<string, unknown>>(
    person: TestPerson | undefined,
    method: string,
    path: string,
    asking: Asking = {},
  ): Promise<Answer<Body>> => api.ask<Body>(method, path, { cookie: person!.cookie, ...asking });

  return {
    api,
    ada,
    bob,
    cem,
    asAdmin,
    by,
    policy: (required: number, act: DangerousAct = 'rotate_key') =>
      asAdmin(
        `insert into approval_policies (act, required, lives_hours) values ($1, $2, 24)
         on conflict (act) do update set required = $2`,
        [act, required],
      ),
    /** For a new signing secret, unless it says otherwise. */
    async ask(person: TestPerson | undefined, of: object = {}): Promise<string> {
      const body = { method: 'POST', path: secrets, reason: 'The old one leaked.', ...of };
      const answer = await by<Approval>(person, 'POST', '/api/v1/approvals', { body });
      assert.equal(answer.status, 201, answer.text);
      return answer.body.id;
    },
    decide: (person: TestPerson | undefined, id: string, verdict: 'approve' | 'refuse' = 'approve') =>
      by<Problem & Approval>(person, 'POST', `/api/v1/approvals/${id}/decisions`, { body: { verdict, note: 'Seen.' } }),
    withdraw: (person: TestPerson | undefined, id: string) =>
      by<Problem & Approval>(person, 'POST', `/api/v1/approvals/${id}/withdrawal`),
    use: (person: TestPerson | undefined, id: string) =>
      by<Problem>(person, 'POST', secrets, { headers: { [approvalHeader]: id } }),
    read: async (person: TestPerson | undefined, id: string) =>
      (await by<Approval>(person, 'GET', `/api/v1/approvals/${id}`)).body,
    async secretsIssued(): Promise<number> {
      const [row] = await asAdmin<{ count: number }>('select count(*)::int as count from step_signing_secrets');
      return row!.count;
    },
    async eventsOf(id: string): Promise<string[]> {
      const found = await asAdmin<{ type: string }>(`select type from events where stream = $1 order by version`, [
        `approval:${id}`,
      ]);
      return found.map(({ type }) => type);
    },
  };
}
export type ThreeOwners = Awaited<ReturnType<typeof threeOwners>>;

export function refused(answer: Answer<Problem>, status: number, code: Problem['code']): void {
  assert.deepEqual([answer.status, answer.body.code], [status, code], answer.text);
  assert.doesNotMatch(answer.text, insides);
}
