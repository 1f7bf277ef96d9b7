import assert from 'node:assert/strict';
import type { QueryResultRow } from 'pg';
import type { Problem } from '#contracts/problems.ts';
import type { Session } from '#contracts/session.ts';
import type { Consent, SupportAccess } from '#contracts/support/supportAccess.ts';
import { takeDueMails } from '#domain/mails/outbox.ts';
import { ApiInstallation, ask as askAt, insides, type Answer, type Asking } from '../apiInstallation.ts';
import { personWith, type TestPerson } from '../personWith.ts';

export const admin = { email: 'vera@customer.example', name: 'Vera' };
export const reason = 'They cannot see their invoices since Monday.';

/** An API with two active tenants, as rows, and people of the platform who look after tenants. */
export async function supportedTenant() {
  const api = await ApiInstallation.start();
  const asAdmin = <Row extends QueryResultRow>(text: string, values: unknown[] = []) =>
    api.installation.asAdmin<Row>(null, text, values);
  const tenant = await api.installation.createTenant({ name: 'Åbo Akademi', slug: 'abo', admin });
  const other = await api.installation.createTenant({ name: 'Other', slug: 'other' });
  await asAdmin(`update tenants set state = 'active'`);
  await asAdmin(`update runs set state = 'succeeded', exclusive = false`);

  const post = <Body = Problem>(path: string, asking: Asking = {}, at = api.url) =>
    askAt<Body>(at, 'POST', `/api/v1${path}`, asking);

  return {
    api,
    tenantId: tenant.tenantId,
    otherId: other.tenantId,
    asAdmin,
    post,
    supporter: (role = 'support', email?: string) => personWith(api.installation, [{ role }], email),
    async ask({ cookie }: TestPerson, minutes = 60): Promise<{ id: string; token: string }> {
      const body = { tenantId: tenant.tenantId, reason, minutes };
      const answer = await post<SupportAccess>('/support-accesses', { cookie, body });
      assert.equal(answer.status, 201, answer.text);
      const mail = await this.mail();
      return { id: answer.body.id, token: /#([\w-]+)/.exec(mail.text)![1]! };
    },
    async mail(): Promise<{ to: string; subject: string; text: string }> {
      const { installation } = api;
      const [mail] = await takeDueMails(installation.em, installation.platform.installation.keyring, 10);
      assert.ok(mail, 'nobody was written to');
      return mail;
    },
    breakGlass: ({ cookie }: TestPerson, of: object = {}) =>
      post<SupportAccess & Problem>('/support-accesses/break-glass', {
        cookie,
        body: { tenantId: tenant.tenantId, reason, minutes: 30, ...of },
      }),
    answer: (token: string, said: 'allow' | 'refuse' | 'revoke', at = api.url) =>
      post<Consent & Problem>('/support-consents/answers', { body: { token, answer: said } }, at),
    enter: ({ cookie }: TestPerson, id: string) =>
      post<SupportAccess & Problem>(`/support-accesses/${id}/enter`, { cookie }),
    leave: ({ cookie }: TestPerson, id: string) =>
      post<SupportAccess & Problem>(`/support-accesses/${id}/leave`, { cookie }),
    session: async ({ cookie }: TestPerson, at = api.url) =>
      (await askAt<Session>(at, 'GET', '/api/v1/session', { cookie })).body,
    async eventsOf(id: string) {
      return asAdmin<{ type: string; actor_id: string | null; support_access_id: string | null; on_behalf_of: string }>(
        `select type, actor_id, support_access_id, on_behalf_of from events where stream = $1 order by version`,
        [`support:${id}`],
      );
    },
  };
}
export type SupportedTenant = Awaited<ReturnType<typeof supportedTenant>>;

export function refused(answer: Answer<Problem>, status: number, code: Problem['code']): void {
  assert.deepEqual([answer.status, answer.body.code], [status, code], answer.text);
  assert.doesNotMatch(answer.text, insides);
}
