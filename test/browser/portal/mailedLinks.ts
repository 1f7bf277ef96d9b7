import { setTimeout as delay } from 'node:timers/promises';
import { MailSink } from '../../drills/ground/mailSink.ts';
import { patience, waitedTooLong } from '../../run/patience.ts';

const lookEveryMs = 50;
const patienceMs = 20_000 * patience;

/** Undoes quoted-printable (RFC 2045, 6.7) as far as links need it. */
const decoded = (text: string): string =>
  text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

/** The inboxes of everybody in a test: what comes in is read for its links, each mail once. */
export class MailedLinks {
  readonly #sink: MailSink;
  readonly #read = new Set<unknown>();

  private constructor(sink: MailSink) {
    this.#sink = sink;
  }

  static async open(): Promise<MailedLinks> {
    return new MailedLinks(await MailSink.open());
  }

  get smtpUrl(): string {
    return this.#sink.url;
  }

  /** The one-time link of the next mail to somebody whose address holds this path. */
  async next(to: string, path: string): Promise<string> {
    for (const until = Date.now() + patienceMs; Date.now() < until; await delay(lookEveryMs))
      for (const mail of this.#sink.received) {
        if (mail.to !== to || this.#read.has(mail)) continue;
        const link = /https?:\/\/\S+#[\w-]{20,}/.exec(decoded(mail.text))?.[0];
        if (!link?.includes(path)) continue;
        this.#read.add(mail);
        return link;
      }
    const seen = this.#sink.received.map((mail) => `${mail.to}: ${/^subject: .*/im.exec(mail.text)?.[0]}`);
    throw waitedTooLong(`no mail to ${to} with ${path} came in ${patienceMs} ms; there came:\n${seen.join('\n')}`);
  }

  close(): Promise<void> {
    return this.#sink.close();
  }
}
