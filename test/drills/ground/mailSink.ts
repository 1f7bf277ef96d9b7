import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** One acceptance of a mail by the server: what an inbox would have received. */
export interface Received {
  messageId: string;
  to: string;
  text: string;
}

/** A mail server that keeps what it accepts. */
export class MailSink {
  readonly received: Received[] = [];
  readonly #server: SMTPServer;

  private constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          const messageId = /^message-id:\s*(<[^>]+>)/im.exec(text)?.[1] ?? '';
          for (const { address } of session.envelope.rcptTo) this.received.push({ messageId, to: address, text });
          done();
        });
      },
    });
    this.#server.on('error', () => undefined); // a client that was killed in the middle
  }

  static async open(): Promise<MailSink> {
    const sink = new MailSink();
    sink.#server.listen(0, '127.0.0.1');
    await once(sink.#server.server, 'listening');
    return sink;
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
