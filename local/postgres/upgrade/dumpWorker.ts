/** The thread that pg_dump runs in: it stands still until the server's answer is there. */
import { pathToFileURL } from 'node:url';
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';

export interface DumpWork {
  module: string;
  args: string[];
  /** Requests go out by it, and answers come in. */
  port: MessagePort;
  /** One Int32 that becomes 1 when an answer is there. */
  turn: SharedArrayBuffer;
}

/** What the package asks of the database that it was made for. */
interface Spoken {
  query(text: string): Promise<{ rows: { search_path: string }[] }>;
  exec(text: string): Promise<unknown>;
  execProtocolRawStream(bytes: Uint8Array, to: { onRawData(bytes: Uint8Array): void }): void;
}
type PgDump = (what: { pg: Spoken; args: string[] }) => Promise<{ text(): Promise<string> }>;

const { module, args, port, turn } = workerData as DumpWork;
const flag = new Int32Array(turn);

function ask(bytes: Uint8Array): Uint8Array {
  Atomics.store(flag, 0, 0);
  port.postMessage(Uint8Array.from(bytes));
  Atomics.wait(flag, 0, 0);
  return receiveMessageOnPort(port)?.message as Uint8Array;
}

const pg: Spoken = {
  // The connection ends with the dump: there is nothing to put back.
  query: async () => ({ rows: [{ search_path: '' }] }),
  exec: async () => undefined,
  execProtocolRawStream(bytes, { onRawData }) {
    const answer = ask(bytes);
    if (answer.length > 0) onRawData(answer);
  },
};

try {
  const { pgDump } = (await import(pathToFileURL(module).href)) as { pgDump: PgDump };
  const file = await pgDump({ pg, args });
  parentPort?.postMessage({ text: await file.text() });
} catch (error) {
  parentPort?.postMessage({ error: (error as Error).message });
}
