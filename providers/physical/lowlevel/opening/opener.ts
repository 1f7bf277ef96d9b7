/** A thread that opens files of the place: what was read comes in by messages, what it holds goes to the disk (docs/decisions/0113). */
import { Readable } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import { isOfPacking, unpacked } from '#domain/backups/format/streams.ts';
import { BrokenSeal, unsealFile } from '#domain/places/sealedFile.ts';
import { BrokenFile, type FromOpener, type ToOpener } from './messages.ts';
import { splitFiles } from './splitFiles.ts';

/** So much is told of at once. */
const toldBytes = 4 * 1024 * 1024;

const inboxes = new Map<number, Readable>();
const tell = (message: FromOpener): void => parentPort!.postMessage(message);

parentPort!.on('message', (message: ToOpener) => {
  if (message.kind === 'open') return void open(message);
  const inbox = inboxes.get(message.id);
  if (message.kind === 'piece') inbox?.push(Buffer.from(message.piece.buffer, 0, message.piece.length));
  else if (message.kind === 'end') inbox?.push(null);
  else inbox?.destroy(new Error('nobody waits for it any more'));
});

async function open({ id, opening }: Extract<ToOpener, { kind: 'open' }>): Promise<void> {
  const inbox = new Readable({ objectMode: true, read: () => undefined });
  inboxes.set(id, inbox);
  const passed = { bytes: 0, files: 0 };
  const tellPassed = (): void => {
    tell({ kind: 'passed', id, ...passed });
    Object.assign(passed, { bytes: 0, files: 0 });
  };
  try {
    const clear = unpacked(unsealFile(Buffer.from(opening.key), received(id, inbox), opening.context));
    await splitFiles(clear, opening, (bytes, files) => {
      passed.bytes += bytes;
      passed.files += files;
      if (passed.bytes >= toldBytes) tellPassed();
    });
    tellPassed();
    tell({ kind: 'done', id });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isBroken = error instanceof BrokenFile || error instanceof BrokenSeal || isOfPacking(error);
    tell({ kind: 'failed', id, isBroken, message, code });
  } finally {
    inboxes.delete(id);
    inbox.destroy();
  }
}

async function* received(id: number, inbox: Readable): AsyncIterable<Buffer> {
  for await (const piece of inbox as AsyncIterable<Buffer>) {
    yield piece;
    tell({ kind: 'took', id });
  }
}
