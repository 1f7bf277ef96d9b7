import { AuditKeys } from '#contracts/audit/audit.ts';
import { listKeys } from '#domain/audit/signingKeys.ts';
import { defineRoute } from '../../route.ts';

export const listAuditKeys = defineRoute({
  method: 'get',
  path: '/api/v1/audit/keys',
  summary: 'Read the public keys that sign the chains of the audit, for who verifies an export',
  permission: 'signed-in',
  people: false,
  success: { status: 200, body: AuditKeys },
  errors: [],
  handle: async (_input, { em }) => ({
    keys: (await listKeys(em)).map((key) => ({ ...key, endorsement: key.endorsement && { ...key.endorsement } })),
  }),
});
