import type { PhysicalBackup } from '../physicalBackup.ts';
import { proveServer } from './proveServer.ts';
import { describeScratch } from './recoverTo.ts';
import type { ScratchServers } from './scratchServers.ts';

/** What is done with a server that was brought back, whatever it was brought back by. */
export const scratchVerbs = (
  scratch: ScratchServers,
  tearDown = (id: string) => scratch.tearDown(id),
): Pick<PhysicalBackup, 'find' | 'prove' | 'handOver' | 'tearDown' | 'sweep'> => ({
  async find(id) {
    const server = await scratch.find(id);
    return server && (await scratch.isUp(server)) ? describeScratch(scratch, server, { files: 0, bytes: 0 }) : null;
  },

  prove: proveServer,
  handOver: (id, target) => scratch.handOver(id, target),
  tearDown,

  async sweep(isWanted) {
    const gone: string[] = [];
    for (const id of await scratch.list())
      if (!(await isWanted(id))) {
        await tearDown(id);
        gone.push(id);
      }
    return gone;
  },
});
