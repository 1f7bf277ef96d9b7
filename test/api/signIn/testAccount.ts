import { generateSync } from 'otplib';
import type { PersonInvited } from '#contracts/identity/people.ts';
import type { PasskeyCreationOptions } from '#contracts/identity/passkeys.ts';
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

/** An API with an owner who invites. */
export type Host = Pick<ApiInstallation, 'url' | 'ask' | 'installation'>;

/** Somebody with a sign-in of their own, who joined by invitation. */
export class TestAccount {
  readonly api: Host;
  readonly userId: string;
  readonly email: string;
  readonly password = password;
  /** Of the session. */
  cookie: string;
  recoveryCodes: string[] = [];
  secret = '';
  readonly authenticator = new SoftAuthenticator();
  #lastStep = 0;

  private constructor(api: Host, userId: string, email: string, cookie: string) {
    this.api = api;
    this.userId = userId;
    this.email = email;
    this.cookie = cookie;
  }

  static async join(api: Host, roles: object[] = []): Promise<TestAccount> {
    const email = `joined${++count}@example.org`;
    const invited = await api.ask<PersonInvited>('POST', '/api/v1/people', { body: { email, roles } });
    const token = invited.body.link?.split('#')[1] ?? '';
    const body = { token, password, name: 'Ines Weber' };
    const answer = await api.ask('POST', '/api/v1/links/invitation', { body, cookie: null });
    if (answer.status !== 201) throw new Error(`could not join: ${invited.text} ${answer.text}`);
    const account = new TestAccount(api, invited.body.person.id, email, '');
    account.keep(answer);
    return account;
  }

  /** Keeps the session that an answer gave. */
  keep(answer: Answer<unknown>): void {
    const given = cookiesOf(answer)
      .split('; ')
      .find((pair) => pair.startsWith('tenantry='));
    if (given) this.cookie = given;
  }

  async ask<Body = Record<string, unknown>>(method: string, path: string, asking: Asking = {}): Promise<Answer<Body>> {
    const answer = await ask<Body>(this.api.url, method, path, { cookie: this.cookie, ...asking });
    this.keep(answer);
    return answer;
  }

  async addTotp(): Promise<void> {
    const begun = await this.ask<{ secret: string }>('POST', '/api/v1/account/totp');
    this.secret = begun.body.secret;
    const confirmed = await this.ask<{ recoveryCodes: string[] | null }>('POST', '/api/v1/account/totp/confirm', {
      body: { code: await this.code() },
    });
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
    const options = await this.ask<PasskeyCreationOptions>('POST', '/api/v1/account/passkeys/options');
    const passkey = this.authenticator.create(options.body);
    return this.ask('POST', '/api/v1/account/passkeys', { body: { name: 'Key', passkey } });
  }

  /** The first step of a sign-in; its answer and the cookies to go on with. */
  async enterPassword(asking: Asking = {}): Promise<{ answer: Answer; cookie: string }> {
    const body = { email: this.email, password: this.password };
    const answer = await ask(this.api.url, 'POST', '/api/v1/session', { body, ...asking });
    return { answer, cookie: cookiesOf(answer) };
  }
}
