import type { Page } from 'playwright-core';

/**
 * A device with a screen lock that Chromium plays for this page (WebAuthn Level 3, 11.2): it keeps passkeys, and says yes to
 * whatever it is asked as long as somebody is there.
 */
export class VirtualAuthenticator {
  readonly #send: (method: string, parameters: object) => Promise<unknown>;
  readonly #id: string;

  private constructor(send: (method: string, parameters: object) => Promise<unknown>, id: string) {
    this.#send = send;
    this.#id = id;
  }

  static async plugInto(page: Page): Promise<VirtualAuthenticator> {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable', { enableUI: false });
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: false,
      },
    });
    return new VirtualAuthenticator(
      (method, parameters) => session.send(method as never, parameters as never),
      authenticatorId,
    );
  }

  /** Whether somebody touches the device when it asks. */
  async somebodyIsThere(enabled: boolean): Promise<void> {
    await this.#send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: this.#id, enabled });
  }

  /** Somebody touches the device while `act` goes on, and not afterwards: no list under a field then picks a passkey by itself. */
  async touchedDuring<Result>(act: () => Promise<Result>): Promise<Result> {
    await this.somebodyIsThere(true);
    try {
      return await act();
    } finally {
      await this.somebodyIsThere(false);
    }
  }

  async passkeys(): Promise<number> {
    const answer = (await this.#send('WebAuthn.getCredentials', { authenticatorId: this.#id })) as {
      credentials: unknown[];
    };
    return answer.credentials.length;
  }
}
