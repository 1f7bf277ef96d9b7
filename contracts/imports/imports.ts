import { z } from 'zod';

/** The longest file that is taken. */
export const importLimitBytes = 100 * 1024 * 1024;
/** More than these would be no list that a person looks through. */
export const importMostLines = 100_000;

export const importFormats = ['csv', 'json'] as const;
export const ImportFormat = z.enum(importFormats);
export type ImportFormat = z.infer<typeof ImportFormat>;

/**
 * `uploading → checking → ready → creating → done | incomplete`; `inviting` while invitations that were held back are sent. A check
 * without more ends `checked`, a file that cannot be read at all `refused`; what nobody starts in time is `expired`.
 */
export const importStates = [
  'uploading', 'checking', 'ready', 'creating', 'inviting', 'done', 'incomplete', 'checked', 'refused', 'cancelled', 'expired',
] as const; // prettier-ignore
export const ImportState = z.enum(importStates);
export type ImportState = z.infer<typeof ImportState>;

export const importLineStates = ['valid', 'invalid', 'existing', 'creating', 'created', 'failed'] as const;
export const ImportLineState = z.enum(importLineStates);
export type ImportLineState = z.infer<typeof ImportLineState>;

/** What a column of a file may tell of a tenant; besides, `label:<key>` is a label. */
export const importFields = ['name', 'slug', 'externalId', 'plan', 'region', 'adminEmail', 'adminName'] as const;
export type ImportField = (typeof importFields)[number] | `label:${string}`;

export const ImportField = z
  .string()
  .regex(
    new RegExp(`^(?:${importFields.join('|')}|label:[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?)$`),
    `must be one of ${importFields.join(', ')}, or label:<key>`,
  )
  .transform((field) => field as ImportField);

/** By the file's own name of a column: what it tells, or null to leave it out. */
export const ImportMapping = z
  .record(z.string().max(200), ImportField.nullable())
  .refine((mapping) => Object.keys(mapping).length <= 200, 'must name at most 200 columns');
export type ImportMapping = z.infer<typeof ImportMapping>;

/** Everything that can be wrong with a file or a line of it, by its stable code. */
export const importProblemCodes = [
  'file_empty',
  'encoding_unsupported',
  'encoding_invalid',
  'column_missing',
  'column_unknown',
  'column_duplicate',
  'quote_not_closed',
  'quote_misplaced',
  'cells_differ',
  'line_too_long',
  'lines_too_many',
  'json_invalid',
  'value_missing',
  'value_invalid',
  'value_too_long',
  'control_characters',
  'email_invalid',
  'slug_invalid',
  'slug_reserved',
  'slug_duplicate',
  'slug_taken',
  'external_id_invalid',
  'external_id_duplicate',
  'plan_unknown',
  'region_unknown',
] as const;
export const ImportProblemCode = z.enum(importProblemCodes);
export type ImportProblemCode = z.infer<typeof ImportProblemCode>;

export const ImportProblem = z.object({
  code: ImportProblemCode,
  column: z
    .string()
    .nullable()
    .describe('As the file names it; null where the whole line, or the whole file, is meant'),
  text: z.string(),
});
export type ImportProblem = z.infer<typeof ImportProblem>;

const asBoolean = z.enum(['true', 'false']).transform((word) => word === 'true');
const asMapping = z
  .string()
  .max(20_000)
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON' });
      return z.NEVER;
    }
  })
  .pipe(ImportMapping)
  .describe('JSON: by the name of each column of the file what it tells, or null to leave the column out');

/** What comes with a file, as the query of its upload. */
export const ImportQuery = z
  .strictObject({
    fileName: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^\p{Cc}\p{Cs}\p{Co}\p{Cn}\u2028\u2029\u202a-\u202e\u2066-\u2069/\\]+$/u, 'must be a plain file name')
      .default('tenants'),
    format: ImportFormat.optional().describe(
      'By the ending of the file name, else by the content type, when it is left out',
    ),
    plan: z.string().min(1).max(63).optional().describe('For lines that name none'),
    region: z.string().min(1).max(63).optional().describe('For lines that name none'),
    mapping: asMapping.optional(),
    dryRun: asBoolean.default(false).describe('Check and report only'),
    startWhenValid: asBoolean.default(false).describe('Begin by itself when no line is wrong'),
    invitations: z
      .enum(['hold', 'send'])
      .default('hold')
      .describe(
        'Whether each administrator is written to when their tenant is ready, or all of them later, on request',
      ),
  })
  .refine(({ dryRun, startWhenValid }) => !(dryRun && startWhenValid), {
    path: ['startWhenValid'],
    error: 'cannot come with dryRun',
  });
export type ImportQuery = z.output<typeof ImportQuery>;

export const ImportStart = z.strictObject({
  skipInvalid: z.boolean().default(false).describe('Leave the lines out that are wrong; else none may be'),
});

export const ImportAccepted = z.object({ importId: z.uuid(), runId: z.uuid() });
export type ImportAccepted = z.infer<typeof ImportAccepted>;

const Counts = z.object({
  ...(Object.fromEntries(importLineStates.map((state) => [state, z.number().int()])) as Record<
    ImportLineState,
    z.ZodInt
  >),
  heldInvitations: z.number().int().describe('Tenants whose administrators have not been written to'),
});

export const Import = z.object({
  id: z.uuid(),
  runId: z.uuid().nullable().describe('Follow it by `followRun`: it tells progress, rate and end'),
  state: ImportState,
  fileName: z.string(),
  format: ImportFormat,
  bytes: z.number().int().nullable(),
  digest: z.string().nullable().describe('SHA-256 of the file, in hex'),
  plan: z.string().nullable(),
  region: z.string().nullable(),
  mapping: ImportMapping,
  dryRun: z.boolean(),
  startWhenValid: z.boolean(),
  invitations: z.enum(['hold', 'send']),
  lineCount: z.number().int().nullable(),
  counts: Counts,
  problems: z.array(ImportProblem).describe('Of the whole file'),
  createdBy: z.string().nullable(),
  createdAt: z.iso.datetime(),
  checkedAt: z.iso.datetime().nullable(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  expiresAt: z.iso.datetime().nullable().describe('When it is given up unless somebody starts it'),
  clearedAt: z.iso.datetime().nullable().describe('When its lines were cleared away'),
  may: z.object({ start: z.boolean(), cancel: z.boolean(), retry: z.boolean(), invite: z.boolean() }),
});
export type Import = z.infer<typeof Import>;

export const ImportListQuery = z.strictObject({
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const ImportPage = z.object({ items: z.array(Import), nextCursor: z.string().nullable() });
export type ImportPage = z.infer<typeof ImportPage>;

export const ImportLine = z.object({
  number: z.number().int().describe('Which record of the file, from 1'),
  line: z.number().int().describe('The line of the file on which the record begins'),
  state: ImportLineState,
  name: z.string().nullable(),
  slug: z.string().nullable(),
  externalId: z.string().nullable(),
  tenantId: z.uuid().nullable(),
  runId: z.uuid().nullable(),
  problems: z.array(ImportProblem),
  reason: z.object({ code: z.string(), text: z.string() }).nullable().describe('Why its tenant could not be made'),
});
export type ImportLine = z.infer<typeof ImportLine>;

export const ImportLineQuery = z.strictObject({
  state: ImportLineState.optional(),
  after: z.coerce.number().int().min(0).default(0).describe('Goes on after the record of this number'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const ImportLinePage = z.object({ items: z.array(ImportLine), nextAfter: z.number().int().nullable() });
export type ImportLinePage = z.infer<typeof ImportLinePage>;

export const ImportReportQuery = z.strictObject({
  format: z.enum(['csv', 'json']).default('csv'),
  state: ImportLineState.optional(),
});
