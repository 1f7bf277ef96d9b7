import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { archiveOf } from '#domain/exports/archive.ts';
import { markDownloaded, takeTicket, type Download } from '#domain/exports/exportLinks.ts';
import type { ExportTarget } from '#domain/exports/writeExport.ts';
import type { Actor } from '#domain/events/appendEvent.ts';
import { isoOf } from '#domain/isoOf.ts';
import type { Platform } from '#domain/platform.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import { countExportDownload } from '#observability/offboardingMetrics.ts';
import { defineDownload } from '../../route.ts';
import { guessingLinks } from '../links/guessingLinks.ts';

export const downloadExport = defineDownload({
  method: 'get',
  path: '/api/v1/exports/{ticket}',
  summary: 'Download the export of a tenant, by a ticket: a gzipped tar',
  permission: 'public',
  params: z.strictObject({ ticket: z.string().regex(/^tex_[0-9A-Za-z]{28}$/, 'must be a ticket') }),
  download: { types: ['application/gzip'] },
  errors: ['not_found', 'export_gone', 'too_many_attempts'],
  async handle({ params, actor }, context) {
    const { em, platform } = context;
    const taken = await guessingLinks(context, actor, () => takeTicket(em, params.ticket));
    const key = await platform.tenantKeys.find(taken.tenantId);
    if (!key) throw new DomainError('export_gone', 'The export is gone.');
    const place = openPlace(platform.configuration);
    return {
      type: 'application/gzip',
      fileName: `export-${isoOf(taken.createdAt).slice(0, 10)}.tar.gz`,
      pieces: counted(platform, taken, actor, { ...taken, place, key: key.key }),
    };
  },
});

async function* counted(
  { registry }: Platform,
  taken: Download,
  actor: Actor,
  target: ExportTarget,
): AsyncIterable<Buffer> {
  yield* archiveOf(target, taken.manifestDigest, new Date(taken.createdAt));
  await markDownloaded(registry.em.fork(), taken, actor);
  countExportDownload();
}
