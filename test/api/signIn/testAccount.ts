import { generateSync } from 'otplib';
import type { PersonInvited } from '#contracts/identity/people.ts';
import type { PasskeyCreationOptions } from '#contracts/identity/passkeys.ts';
import type { PortalRole } from '#contracts/portal/permissions.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { addInvited } from '#domain/people/invitations.ts';
import { makeLink } from '#domain/people/links.ts';
import { findTenantRealm } from '#domain/people/realm.ts';
import { base32OfId } from '#domain/resources/names.ts';
import { ask, type Answer, type ApiInstallation, type Asking } from '../apiInstallation.ts';
import { SoftAuthenticator } from './softAuthenticator.ts';

const password = 'a sentence that nobody guesses';
const stepMs = 30_000;
let count = 0;

/** All cookies that an answer gave, as a browser sends them back; what was taken away is left out. */
export const cookiesOf = ({ headers }: Pick<Answer, 'headers'>): string =>
  (headers['set-cookie'] ?? [])
    .map((cookie) => cookie.split(';')[0]!)
    .filter((pair) => !pair.endsWith('='))
    .join('; ');

/** Where somebody signs in: the prefix of the API's addresses there, and the name of the session's cookie. */
export interface Place {
  prefix: string;
  cookie: string;
}
const platform: Place = { prefix: '/api/v1', cookie: 'tenantry' };

export const portalOf = ({ tenantId, slug }: { tenantId: string; slug: string }): Place => ({
  prefix: `/api/v1/portals/${slug}`,
  cookie: `tenantry-portal-${base32OfId(tenantId)}`,
});

/** An API with an owner who invites. */
export type Host = Pick<ApiInstallation, 'url' | 'ask' | 'installation'>;

/** Somebody with a sign-in of their own, who joined by invitation. */
export class TestAccount {
  readonly api: Host;
  readonly userId: string;
  readonly email: string;
  readonly password = password;
  readonly place: Place;
  /** Of the session. */
  cookie: string;
  recoveryCodes: string[] = [];
  secret = '';
  readonly authenticator = new SoftAuthenticator();
  #lastStep = 0;

  private constructor(api: Host, userId: string, email: string, place = platform) {
    this.api = api;
    this.userId = userId;
    this.email = email;
    this.cookie = '';
    this.place = place;
  }

  static async join(api: Host, roles: object[] = []): Promise<TestAccount> {
    const email = `joined${++count}@example.org`;
    const invited = await api.ask<PersonInvited>('POST', '/api/v1/people', { body: { email, roles } });
    const token = invited.body.link?.split('#')[1];
    if (!token) throw new Error(`could not be invited: ${invited.text}`);
    return new TestAccount(api, invited.body.person.id, email).#accept(token);
  }

  /** Somebody of a tenant, who came in at its portal; invited as a row, so that nobody has to be there before. */
  static async joinTenant(
    api: Host,
    tenant: { tenantId: string; slug: string },
    portalRole: PortalRole = 'member',
    email = `joined${++count}@example.org`,
  ): Promise<TestAccount> {
    const { em, platform: stands } = api.installation;
    const realm = await findTenantRealm(em, stands, tenant.tenantId);
    if (!realm) throw new Error('the tenant has no realm');
    // As long as nobody has joined, the invitation of who is named withdraws that of any other administrator.
    if (portalRole === 'tenant-admin')
      await api.installation.until('the invitations of the tenant to be sent', 30_000, async () => {
        const open = await api.installation.asAdmin(
          null,
          `select 1 from runs where tenant_id = $1 and kind = 'deliverInvitation' and state in ('queued', 'running')`,
          [tenant.tenantId],
        );
        return open.length === 0;
      });
    const { userId, token } = await em.transactional(async (tx) => {
      const id = await addInvited(tx, realm, { email, portalRole }, theSystem);
      const link = await makeLink(tx, { purpose: 'invitation', userId: id, createdBy: null });
      return { userId: id, token: link.token };
    });
    return new TestAccount(api, userId, email, portalOf(tenant)).#accept(token);
  }

  async #accept(token: string): Promise<this> {
    const body = { token, password, name: 'Ines Weber' };
    const answer = await ask(this.api.url, 'POST', `${this.place.prefix}/links/invitation`, { body });
    if (answer.status !== 201) throw new Error(`could not join: ${answer.text}`);
    this.keep(answer);
    return this;
  }

  /** Keeps the session that an answer gave. */
  keep(answer: Answer<unknown>): void {
    const given = cookiesOf(answer)
      .split('; ')
      .find((pair) => pair.startsWith(`${this.place.cookie}=`));
    if (given) this.cookie = given;
  }

  async ask<Body = Record<string, unknown>>(method: string, path: string, asking: Asking = {}): Promise<Answer<Body>> {
    const answer = await ask<Body>(this.api.url, method, path, { cookie: this.cookie, ...asking });
    this.keep(answer);
    return answer;
  }

  async addTotp(): Promise<void> {
    const begun = await this.ask<{ secret: string }>('POST', `${this.place.prefix}/account/totp`);
    this.secret = begun.body.secret;
    const confirmed = await this.ask<{ recoveryCodes: string[] | null }>(
      'POST',
      `${this.place.prefix}/account/totp/confirm`,
      {
        body: { code: await this.code() },
      },
    );
    if (confirmed.status !== 201) throw new Error(`no TOTP: ${begun.text} ${confirmed.text}`);
    this.recoveryCodes = confirmed.body.recoveryCodes ?? this.recoveryCodes;
  }

  /** A code that was not used yet; when both that count now were, as if it had been long ago. */
  async code(): Promise<string> {
    const now = Math.floor(Date.now() / stepMs);
    let step = Math.max(this.#lastStep + 1, now);
    if (step > now + 1) {
      await this.api.installation.asAdmin(null, 'update totp_secrets set last_step = 0 where user_id = $1', [
        this.userId,
      ]);
      step = now;
    }
    this.#lastStep = step;
    return generateSync({ secret: this.secret, epoch: step * 30 });
  }

  async addPasskey(): Promise<Answer<{ passkey: { id: string }; recoveryCodes: string[] | null }>> {
    const options = await this.ask<PasskeyCreationOptions>('POST', `${this.place.prefix}/account/passkeys/options`);
    const passkey = this.authenticator.create(options.body);
    return this.ask('POST', `${this.place.prefix}/account/passkeys`, { body: { name: 'Key', passkey } });
  }

  /** The first step of a sign-in; its answer and the cookies to go on with. */
  async enterPassword(asking: Asking = {}): Promise<{ answer: Answer; cookie: string }> {
    const body = { email: this.email, password: this.password };
    const answer = await ask(this.api.url, 'POST', `${this.place.prefix}/session`, { body, ...asking });
    return { answer, cookie: cookiesOf(answer) };
  }
}
