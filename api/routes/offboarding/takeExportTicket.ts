import { ExportTicket, ExportToken } from '#contracts/offboarding/offboarding.ts';
import { makeTicket } from '#domain/exports/exportLinks.ts';
import { defineRoute } from '../../route.ts';
import { guessingLinks } from '../links/guessingLinks.ts';

/** The secret of a link is sent in a body, never in an address; a ticket may stand in one, because it is worth nothing afterwards. */
export const takeExportTicket = defineRoute({
  method: 'post',
  path: '/api/v1/exports/tickets',
  summary: 'Ask for the export that a link gives: an address that is good once, within a minute',
  permission: 'public',
  body: ExportToken,
  success: { status: 201, body: ExportTicket },
  errors: ['export_link_invalid', 'too_many_attempts'],
  handle: ({ body, actor }, context) =>
    guessingLinks(context, actor, async () => {
      const ticket = await context.em.transactional((tx) => makeTicket(tx, body.token, actor));
      return { path: `/api/v1/exports/${ticket}` };
    }),
});
