import { z } from 'zod';
import { ServerName } from '../../recovery/servers.ts';
import { describeAction } from '../actions.ts';

const primary = ServerName.describe('Who takes the writes now, or did');
const standby = ServerName.describe('Who follows, and takes over');

/** Servers, holders of them and runs: what a failover, a switchover and the way back are made of. Servers are named as in the file of servers. */
export const replicationActions = {
  claimServers: describeAction({
    name: 'servers.claim',
    title: 'Take the servers for this execution',
    description: 'No other execution moves these servers until they are released; who comes second is refused.',
    params: z.strictObject({ primary, standby }),
    tells: {},
    practice: 'same',
    hasUndo: true,
  }),
  releaseServers: describeAction({
    name: 'servers.release',
    title: 'Release the servers',
    description: 'Others may move them again.',
    params: z.strictObject({ primary, standby }),
    tells: {},
    practice: 'same',
    hasUndo: false,
  }),
  holdRuns: describeAction({
    name: 'runs.hold',
    title: 'Let runs wait',
    description: 'Provisioning pauses before its next step, on the whole platform.',
    params: z.strictObject({}),
    tells: { held: 'boolean' },
    practice: 'skipped',
    hasUndo: true,
  }),
  resumeRuns: describeAction({
    name: 'runs.resume',
    title: 'Let runs go on',
    description:
      'Ends the pause that this execution made, and tries what failed for want of the database again at once.',
    params: z.strictObject({}),
    tells: { waiting: 'number' },
    practice: 'skipped',
    hasUndo: false,
  }),
  fencePrimary: describeAction({
    name: 'primary.fence',
    title: 'Fence the old primary',
    description:
      'Stops it, or has it stopped by its hook, so that it takes no write, also when it comes back; and proves it. Stops here when that cannot be known.',
    params: z.strictObject({
      primary,
      standby,
      byHand: z
        .string()
        .trim()
        .max(500)
        .default('')
        .describe('Who switched it off, and how: for one that nobody here reaches'),
    }),
    tells: { proof: 'text', milliseconds: 'number' },
    practice: 'instead',
    hasUndo: true,
  }),
  catchUpStandby: describeAction({
    name: 'standby.catch-up',
    title: 'Give the standby what is still there',
    description:
      'While the primary lives, waits until the standby is close; after it was fenced, lets the standby have what lies on the old disk, if that can be read.',
    params: z.strictObject({
      primary,
      standby,
      withinBytes: z.number().int().min(0).default(0),
      seconds: z.number().int().min(1).max(3_600).default(60),
    }),
    tells: { end: 'text', lagBytes: 'number' },
    practice: 'same',
    hasUndo: false,
  }),
  checkStandby: describeAction({
    name: 'standby.check',
    title: 'See what the standby lacks',
    description:
      'Compares what it has with the last that is known of the primary, and refuses more than may be lost. Who accepts more says how many bytes.',
    params: z.strictObject({
      primary,
      standby,
      mayLoseBytes: z.number().int().min(0).default(0).describe('Of the log; 16 MB are one segment'),
      end: z
        .string()
        .max(20)
        .nullable()
        .default(null)
        .describe('Where the log of the old primary ends, as the step before told'),
      mayLoseUnknown: z.boolean().default(false).describe('Also where nobody can tell how much'),
    }),
    tells: { lagBytes: 'number', knownBy: 'text', end: 'text' },
    practice: 'same',
    hasUndo: false,
  }),
  promoteStandby: describeAction({
    name: 'standby.promote',
    title: 'Promote the standby',
    description:
      'Makes it a primary on a new timeline, once the old one is proven fenced. Asks it again after every lost connection. Cannot be taken back.',
    params: z.strictObject({
      primary,
      standby,
      byHand: z.string().trim().max(500).default(''),
    }),
    tells: { timeline: 'number', milliseconds: 'number', lostConnections: 'number' },
    practice: 'instead',
    hasUndo: false,
  }),
  repointStores: describeAction({
    name: 'stores.repoint',
    title: 'Point the data stores at the new primary',
    description: 'All processes connect there from now on, and to no server of an older timeline.',
    params: z.strictObject({ from: primary, to: standby }),
    tells: { stores: 'number', timeline: 'number' },
    practice: 'instead',
    hasUndo: false,
  }),
  verifyPrimary: describeAction({
    name: 'primary.verify',
    title: 'Verify the primary',
    description: 'Writes a row, checks every index by amcheck and reads every row of the tenants.',
    params: z.strictObject({
      server: ServerName,
      read: z
        .enum(['all', 'indexes', 'nothing'])
        .default('all')
        .describe('What is read beside the row that is written'),
    }),
    tells: { timeline: 'number', indexes: 'number', tables: 'number', rows: 'number', digest: 'text' },
    practice: 'instead',
    hasUndo: false,
  }),
  rebuildStandby: describeAction({
    name: 'standby.rebuild',
    title: 'Make a standby',
    description: 'Copies the primary anew, also over an old primary that was fenced, and waits until it follows.',
    params: z.strictObject({ primary, standby, synchronous: z.boolean().default(false) }),
    tells: { files: 'number', bytes: 'number', rebuilt: 'boolean' },
    practice: 'instead',
    hasUndo: false,
  }),
  measureTime: describeAction({
    name: 'time.measure',
    title: 'Measure how long it took',
    description: 'From the start of the execution up to here, beside the time that it may take (RTO). Stops nothing.',
    params: z.strictObject({ rtoSeconds: z.number().min(0) }),
    tells: { seconds: 'number', rtoSeconds: 'number', isKept: 'boolean' },
    practice: 'same',
    hasUndo: false,
  }),
} as const;
