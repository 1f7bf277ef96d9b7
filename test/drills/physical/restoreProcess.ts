/** Brings a server back in a process of its own, which the drill kills. */
import { pgbackrestBackup, type PgbackrestOptions } from '#providers/physical/pgbackrest/pgbackrestBackup.ts';

process.once('message', ({ options, id, at }: { options: PgbackrestOptions; id: string; at: string }) => {
  void pgbackrestBackup(options).restore(id, new Date(at), { signal: new AbortController().signal });
});
