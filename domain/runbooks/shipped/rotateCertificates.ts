import { draftOf, from, notInPractice } from './draft.ts';

const place = { host: from('inputs.host'), port: from('inputs.port'), trusted: from('inputs.trusted') };

/** A new certificate is in place, and shown, before the old one ends. */
export const rotateCertificates = draftOf({
  title: 'Rotate a certificate',
  summary:
    'The certificate of a proxy or of a server is renewed while the old one is still valid. In practice it is looked at whether the present one is believed, and valid for two weeks at least.',
  inputs: [
    { name: 'host', title: 'Name of the server', type: 'text', help: 'As people and programs call it' },
    { name: 'port', title: 'Port', type: 'number', default: 443 },
    {
      ...{ name: 'trusted', title: 'Its issuer must be known to this machine', type: 'boolean', default: true },
      help: 'Off for an authority of your own that NODE_EXTRA_CA_CERTS does not name',
    },
    { name: 'valid-days', title: 'Days for which the new one must be valid', type: 'number', default: 60 },
  ],
  steps: [
    {
      ...{ kind: 'action', id: 'before', title: 'Look at the present one', action: 'certificate.check' },
      params: place,
      budgetSeconds: 10,
    },
    {
      ...{ kind: 'manual', id: 'order', title: 'Have the new one issued', role: 'Operator', ...notInPractice },
      instructions:
        'With a key of its own. The present one ({{steps.before.fingerprint}}) is valid until {{steps.before.validUntil}}. Where clients trust an authority of your own that changes too, let them trust both before you go on.',
    },
    {
      ...{ kind: 'manual', id: 'install', title: 'Install it and reload', role: 'Operator', ...notInPractice },
      instructions:
        'Certificate with its whole chain, and key; keep the old pair beside it until this runbook is over.',
      undo: { kind: 'manual', instructions: 'Put the old pair back and reload. Do not revoke it.' },
    },
    {
      ...{ kind: 'action', id: 'after', title: 'The new one is shown', action: 'certificate.check', budgetSeconds: 10 },
      params: { ...place, otherThan: from('steps.before.fingerprint'), validDays: from('inputs.valid-days') },
      practice: {
        instead: {
          ...{ kind: 'action', id: 'after', title: 'The present one will do', action: 'certificate.check' },
          params: { ...place, validDays: 14 },
        },
      },
    },
    {
      ...{ kind: 'manual', id: 'clear', title: 'Remove the old one', role: 'Operator', ...notInPractice },
      instructions: 'From every machine. Revoke it where its key may be known to somebody.',
    },
  ],
});
