import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What a name server of a test does when it is asked. */
export interface Behaviour {
  /** Each record in one or several strings; null is NXDOMAIN, an empty list a name without such records. */
  records?: string[][] | null;
  silent?: true;
  lateMs?: number;
  /** By UDP only a note that it does not fit; all of it by TCP (RFC 1035, section 4.2.1). */
  truncates?: true;
  /** Answers with another id, as somebody does who guesses. */
  otherId?: true;
  /** An answer that is none: bytes. */
  garbage?: true;
  refuses?: true;
}

/** A real DNS server on UDP and TCP of one port of the loopback interface. */
export class NameServer {
  readonly #udp: Socket;
  readonly #tcp: Server;
  readonly address: string;
  behaviour: Behaviour = {};
  /** What was asked for, and how. */
  readonly asked: { name: string; by: 'udp' | 'tcp' }[] = [];

  private constructor(udp: Socket, tcp: Server, port: number) {
    this.#udp = udp;
    this.#tcp = tcp;
    this.address = `127.0.0.1:${port}`;
    udp.on('message', (query, from) => {
      this.asked.push({ name: nameIn(query), by: 'udp' });
      void this.#answer(query, 'udp').then((answer) => answer && udp.send(answer, from.port, from.address));
    });
    tcp.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        const query = data.subarray(2);
        this.asked.push({ name: nameIn(query), by: 'tcp' });
        void this.#answer(query, 'tcp').then((answer) => {
          if (!answer) return;
          const length = Buffer.alloc(2);
          length.writeUInt16BE(answer.length);
          socket.end(Buffer.concat([length, answer]));
        });
      });
    });
  }

  static async start(behaviour: Behaviour = {}): Promise<NameServer> {
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as { port: number };
    const udp = createSocket('udp4');
    udp.bind(port, '127.0.0.1');
    await once(udp, 'listening');
    const server = new NameServer(udp, tcp, port);
    server.behaviour = behaviour;
    return server;
  }

  async stop(): Promise<void> {
    this.#udp.close();
    await new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
  }

  async #answer(query: Buffer, by: 'udp' | 'tcp'): Promise<Buffer | null> {
    const { records = [], silent, lateMs, truncates, otherId, garbage, refuses } = this.behaviour;
    if (silent) return null;
    if (lateMs) await delay(lateMs);
    if (garbage) return Buffer.from('this is no answer');
    const question = questionIn(query);
    const isCut = truncates === true && by === 'udp';
    const answers = isCut ? [] : (records ?? []).map(recordOf);
    const header = Buffer.alloc(12);
    header.writeUInt16BE(otherId ? query.readUInt16BE(0) ^ 0xffff : query.readUInt16BE(0), 0);
    const code = refuses ? 5 : records === null ? 3 : 0;
    header.writeUInt16BE(0x8180 | (isCut ? 0x0200 : 0) | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(answers.length, 6);
    return Buffer.concat([header, question, ...answers]);
  }
}

/** The first question, from its name to its class. */
function questionIn(query: Buffer): Buffer {
  let end = 12;
  while (query[end] !== 0) end += query[end]! + 1;
  return query.subarray(12, end + 5);
}

function nameIn(query: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; query[at]; at += query[at]! + 1) labels.push(query.toString('ascii', at + 1, at + 1 + query[at]!));
  return labels.join('.');
}

/** A TXT record for the name of the question, of strings of at most 255 bytes each. */
function recordOf(strings: string[]): Buffer {
  const data = Buffer.concat(
    strings.map((text) => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)])),
  );
  const head = Buffer.from([0xc0, 0x0c, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
