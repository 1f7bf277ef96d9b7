import { DomainError } from '#contracts/errors.ts';
import { Import } from '#contracts/imports/imports.ts';
import { findImport } from '#domain/imports/viewing/viewImports.ts';
import { defineRoute, ImportParams, type RequestContext } from '../../route.ts';

export const readImport = defineRoute({
  method: 'get',
  path: '/api/v1/imports/{importId}',
  summary: 'Read an import: what was found in its file, and what became of it',
  permission: 'tenants:import',
  params: ImportParams,
  success: { status: 200, body: Import },
  errors: ['not_found'],
  handle: ({ params }, { em }) => importOf(em, params.importId),
});

/** Refuses with `not_found`. */
export async function importOf(em: RequestContext['em'], importId: string): Promise<Import> {
  const found = await findImport(em, importId);
  if (!found) throw new DomainError('not_found', 'There is no such import.');
  return found;
}
