import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeProcess, startOf } from './processes.ts';

const unreadableMs = 2000;

/** One process at a time; the lock of one that died is nobody's. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const { pid, startedAt } = await describeProcess(process.pid);
  for (let unreadableSince = 0; ;) {
    const handle = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return null;
    });
    if (handle) {
      await handle.writeFile(`${pid} ${startedAt}`);
      await handle.close();
      break;
    }
    const text = await readFile(file, 'utf8').catch(() => '');
    const [holder = '', ...began] = text.split(' ');
    if (began.length > 0) {
      unreadableSince = 0;
      if ((await startOf(Number(holder))) !== began.join(' ')) await removeStale(file, text);
    } else {
      // Between its making and its first byte, unless its maker died just there.
      unreadableSince ||= Date.now();
      if (Date.now() - unreadableSince > unreadableMs) await removeStale(file, text);
    }
    await sleep(50);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

/** Only what was read: another process may have removed it and taken the lock in between. */
async function removeStale(file: string, stale: string): Promise<void> {
  const aside = `${file}.${process.pid}`;
  await rename(file, aside).catch(() => {});
  const text = await readFile(aside, 'utf8').catch(() => stale);
  if (text === stale) await rm(aside, { force: true });
  else await rename(aside, file);
}
