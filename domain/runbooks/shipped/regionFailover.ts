import type { RunbookDraft } from '#contracts/runbooks/runbooks.ts';
import { from, notInPractice } from './draft.ts';

/** One planned move, from the site that has the writes to the other, after which the first one follows. */
function move(name: string, here: string, there: string, inEach: object = {}): object {
  const pair = { primary: from(`inputs.${here}`), standby: from(`inputs.${there}`) };
  const step = (id: string, title: string, action: string, params: object, more: object = {}): object => ({
    ...{ kind: 'action', id: `${name}-${id}`, title, action, params, ...inEach, ...more },
  });
  return {
    kind: 'sequence',
    id: name,
    title: `Move the writes (${name})`,
    steps: [
      step('near', 'Wait until the standby is close', 'standby.catch-up', {
        ...pair,
        withinBytes: 1_000_000,
        seconds: 600,
      }),
      step('hold', 'Let runs wait', 'runs.hold', {}, { undo: { kind: 'own' } }),
      step('fence', 'Stop the primary in good order', 'primary.fence', pair, {
        skippable: false,
        undo: { kind: 'own' },
      }),
      step('catch-up', 'Give the standby the rest', 'standby.catch-up', { ...pair, seconds: 60 }),
      step('check', 'Nothing may be missing', 'standby.check', { ...pair, end: from(`steps.${name}-catch-up.end`) }, { skippable: false }), // prettier-ignore
      step('promote', 'Promote the other site', 'standby.promote', pair, { skippable: false }),
      step('repoint', 'Point the data stores at it', 'stores.repoint', { from: pair.primary, to: pair.standby }, { skippable: false }), // prettier-ignore
      step('verify', 'Verify it', 'primary.verify', { server: pair.standby }),
      step('resume', 'Let runs go on', 'runs.resume', {}),
      step('follow', 'Let the first site follow', 'standby.rebuild', { primary: pair.standby, standby: pair.primary }),
    ],
  };
}

/** There and back again between two sites, without loss. */
export const regionFailover: RunbookDraft = {
  title: 'Region failover rehearsal (two sites)',
  summary:
    'Moves the writes to the other site and back, as planned moves that may lose nothing: each side has shown then that it can take over. Writes are away twice, for seconds.',
  budgetSeconds: 1_800,
  exclusive: 'runbook',
  inputs: [
    { name: 'here', title: 'The server with the writes', help: 'As in the file of servers', type: 'text', choices: [], required: true, default: null }, // prettier-ignore
    { name: 'there', title: 'The server of the other site', help: '', type: 'text', choices: [], required: true, default: null }, // prettier-ignore
  ],
  steps: [
    {
      ...{ kind: 'action', id: 'claim', title: 'Take the servers', action: 'servers.claim' },
      params: { primary: from('inputs.here'), standby: from('inputs.there') },
      ...{ undo: { kind: 'own' }, onFailure: 'stop' },
    },
    move('there', 'here', 'there'),
    // In practice nothing moved, so there is no way back that could be rehearsed: the other site has no writes.
    move('back', 'there', 'here', notInPractice),
    {
      ...{ kind: 'action', id: 'release', title: 'Release the servers', action: 'servers.release' },
      params: { primary: from('inputs.here'), standby: from('inputs.there') },
    },
  ],
};
