/** One execution of the steps in a process of its own, which ends itself, or stands still, where it is told to: `node … <JSON>`. */
import { FileBook } from '#providers/replication/fileBook.ts';
import { DatabaseServers, type DatabaseServer } from '#providers/replication/servers.ts';
import { Sequence, type Step } from './sequence.ts';

const {
  servers,
  folder,
  executionId,
  steps,
  kill,
  notes = null,
} = JSON.parse(process.argv[2]!) as {
  servers: DatabaseServer[];
  folder: string;
  executionId: string;
  steps: Step[];
  kill: { step: string; moment: 'before' | 'within' | 'after'; afterMs: number; how?: 'SIGKILL' | 'SIGSTOP' } | null;
  notes?: string | null;
};
const sequence = new Sequence(new DatabaseServers(servers), new FileBook(folder), executionId, notes);
const die = () => process.kill(process.pid, kill?.how ?? 'SIGKILL');
await sequence.run(steps, (name, moment) => {
  if (!kill || kill.step !== name) return;
  if (kill.moment === moment) die();
  // Wherever it is by then: in the middle of a copy, or waiting for an answer.
  if (kill.moment === 'within' && moment === 'before') setTimeout(die, kill.afterMs);
});
process.exit(0);
