import { RunbookDiff } from '#contracts/runbooks/runbooks.ts';
import { diffVersions } from '#domain/runbooks/versions/diffVersions.ts';
import { findVersion } from '#domain/runbooks/versions/viewRunbooks.ts';
import { defineRoute } from '../../route.ts';
import { RunbookDiffQuery, RunbookParams } from './runbookParams.ts';

export const diffRunbookVersions = defineRoute({
  method: 'get',
  path: '/api/v1/runbooks/{name}/diff',
  summary: 'Say what became of each step and input between two versions of a runbook',
  permission: 'runbooks:read',
  params: RunbookParams,
  query: RunbookDiffQuery,
  success: { status: 200, body: RunbookDiff },
  errors: ['not_found'],
  async handle({ params: { name }, query }, { em }) {
    const after = await findVersion(em, name, query.to);
    const before = await findVersion(em, name, query.from ?? Math.max(1, after.version - 1));
    return { from: before.version, to: after.version, changes: diffVersions(before.definition, after.definition) };
  },
});
