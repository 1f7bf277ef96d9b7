import type { RunbookDraft } from '#contracts/runbooks/runbooks.ts';
import { from } from './draft.ts';

const pair = { primary: from('inputs.primary'), standby: from('inputs.standby') };

/** The whole of it, on two processor cores. */
const rtoSeconds = 30;

/** The server with the data stores is gone, or has to be: its standby takes over. */
export const losePrimary: RunbookDraft = {
  title: 'Lose the primary',
  summary:
    'The database server with the data stores is lost, or has to be given up: its standby takes over. In practice nothing is stopped: fence and promotion are looked at, lag and digests are real.',
  budgetSeconds: rtoSeconds,
  exclusive: 'runbook',
  inputs: [
    { name: 'primary', title: 'The server that is lost', help: 'As in the file of servers', type: 'text', choices: [], required: true, default: null }, // prettier-ignore
    { name: 'standby', title: 'Its standby', help: '', type: 'text', choices: [], required: true, default: null },
    {
      name: 'may-lose-bytes',
      title: 'How many bytes of the log may be lost',
      help: 'Zero stops for a decision as soon as anything is known to be missing, with the number.',
      type: 'number',
      choices: [],
      required: false,
      default: 0,
    },
    {
      name: 'may-lose-unknown',
      title: 'Go on where nobody can tell what is missing',
      help: '',
      type: 'boolean',
      choices: [],
      required: false,
      default: false,
    },
    {
      name: 'fenced-by-hand',
      title: 'Who switched the old server off, and how',
      help: 'Only for a server that nothing here reaches or can stop',
      type: 'text',
      choices: [],
      required: false,
      default: '',
    },
  ],
  steps: [
    { kind: 'action', id: 'claim', title: 'Take the servers', action: 'servers.claim', params: pair, budgetSeconds: 1, undo: { kind: 'own' }, onFailure: 'stop' }, // prettier-ignore
    {
      kind: 'action',
      id: 'hold',
      title: 'Let runs wait',
      action: 'runs.hold',
      budgetSeconds: 1,
      undo: { kind: 'own' },
    },
    {
      kind: 'action',
      id: 'fence',
      title: 'Fence the old primary',
      action: 'primary.fence',
      params: { ...pair, byHand: from('inputs.fenced-by-hand') },
      budgetSeconds: 6,
      skippable: false,
      undo: { kind: 'own' },
    },
    { kind: 'action', id: 'catch-up', title: 'Give the standby what is still there', action: 'standby.catch-up', params: { ...pair, seconds: 20 }, budgetSeconds: 5 }, // prettier-ignore
    {
      kind: 'action',
      id: 'check',
      title: 'See what the standby lacks',
      action: 'standby.check',
      params: {
        ...pair,
        end: from('steps.catch-up.end'),
        mayLoseBytes: from('inputs.may-lose-bytes'),
        mayLoseUnknown: from('inputs.may-lose-unknown'),
      },
      budgetSeconds: 1,
      skippable: false,
    },
    {
      kind: 'action',
      id: 'promote',
      title: 'Promote the standby',
      action: 'standby.promote',
      params: { ...pair, byHand: from('inputs.fenced-by-hand') },
      budgetSeconds: 6,
      skippable: false,
    },
    { kind: 'action', id: 'repoint', title: 'Point the data stores at it', action: 'stores.repoint', params: { from: from('inputs.primary'), to: from('inputs.standby') }, budgetSeconds: 1, skippable: false }, // prettier-ignore
    { kind: 'action', id: 'verify', title: 'Verify the new primary', action: 'primary.verify', params: { server: from('inputs.standby') }, budgetSeconds: 5 }, // prettier-ignore
    { kind: 'action', id: 'resume', title: 'Let runs go on', action: 'runs.resume', budgetSeconds: 1 },
    { kind: 'action', id: 'release', title: 'Release the servers', action: 'servers.release', params: pair, budgetSeconds: 1 }, // prettier-ignore
    { kind: 'action', id: 'measure', title: 'Measure how long it took', action: 'time.measure', params: { rtoSeconds }, budgetSeconds: 1 }, // prettier-ignore
  ],
};
