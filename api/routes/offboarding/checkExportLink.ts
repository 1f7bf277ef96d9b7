import { ExportOffer, ExportToken } from '#contracts/offboarding/offboarding.ts';
import { readOffer } from '#domain/exports/exportLinks.ts';
import { defineRoute } from '../../route.ts';
import { guessingLinks } from '../links/guessingLinks.ts';

export const checkExportLink = defineRoute({
  method: 'post',
  path: '/api/v1/exports/check',
  summary: 'What a link to the export of a tenant gives, while it is good',
  permission: 'public',
  body: ExportToken,
  success: { status: 200, body: ExportOffer },
  errors: ['export_link_invalid', 'too_many_attempts'],
  handle: ({ body, actor }, context) => guessingLinks(context, actor, () => readOffer(context.em, body.token)),
});
