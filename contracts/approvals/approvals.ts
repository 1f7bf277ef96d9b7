import { z } from 'zod';
import { dangerousActNames, mostApprovals } from './acts.ts';

const Act = z.enum(dangerousActNames);

/** The header by which an approved request names its approval. */
export const approvalHeader = 'Tenantry-Approval';

export const approvalStates = ['pending', 'approved', 'used', 'refused', 'withdrawn', 'expired'] as const;
export const ApprovalState = z.enum(approvalStates);
export type ApprovalState = z.infer<typeof ApprovalState>;

/** The request that is to be approved, exactly as it would be sent. */
export const RequestToApprove = z.strictObject({
  method: z.enum(['POST', 'PATCH', 'DELETE']),
  path: z
    .string()
    .max(2000)
    .regex(/^\/api\/v1\/[\x21-\x7e]+$/, 'must be a path of this API, with its query')
    .describe('Path and query, as they would be sent'),
  body: z.unknown().optional().describe('As it would be sent; left out where there is none'),
  reason: z.string().trim().min(3).max(2000).describe('Why it is necessary: those who approve read it'),
});
export type RequestToApprove = z.infer<typeof RequestToApprove>;

const PersonRef = z.object({ id: z.uuid(), email: z.string() });

export const ApprovalDecision = z.object({
  by: PersonRef,
  verdict: z.enum(['approve', 'refuse']),
  note: z.string().nullable(),
  decidedAt: z.iso.datetime(),
  isVoid: z.boolean().describe('Who gave it may not approve any more; it does not count'),
});

export const Approval = z.object({
  id: z.uuid(),
  act: Act,
  operation: z.string().describe('The operation id of the route'),
  summary: z.string().describe('What the route does'),
  request: z
    .object({ method: z.string(), path: z.string(), body: z.unknown().nullable() })
    .nullable()
    .describe('Exactly what would be done; null once the key of the tenant that it was about is destroyed'),
  requestHash: z.string().describe('SHA-256 over method, path, query, body and requester, in hex'),
  reason: z.string().nullable(),
  tenant: z.object({ id: z.uuid(), name: z.string(), slug: z.string().nullable() }).nullable(),
  requester: PersonRef,
  state: ApprovalState,
  required: z.number().int(),
  approvals: z.number().int().describe('How many count so far'),
  decisions: z.array(ApprovalDecision),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  closedAt: z.iso.datetime().nullable(),
  may: z.object({ decide: z.boolean(), withdraw: z.boolean(), use: z.boolean() }),
});
export type Approval = z.infer<typeof Approval>;

export const approvalViews = ['to_decide', 'mine', 'decided'] as const;
export const ApprovalQuery = z.strictObject({
  view: z.enum(approvalViews).default('to_decide'),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type ApprovalQuery = z.infer<typeof ApprovalQuery>;

export const ApprovalPage = z.object({ items: z.array(Approval), nextCursor: z.string().nullable() });
export type ApprovalPage = z.infer<typeof ApprovalPage>;

export const Verdict = z
  .strictObject({ verdict: z.enum(['approve', 'refuse']), note: z.string().trim().max(2000).optional() })
  .refine(({ verdict, note }) => verdict === 'approve' || (note !== undefined && note.length > 0), {
    path: ['note'],
    message: 'must say why it is refused',
  });
export type Verdict = z.infer<typeof Verdict>;

export const ApprovalPolicy = z.object({
  act: Act,
  title: z.string(),
  description: z.string(),
  required: z.number().int(),
  recommended: z.number().int(),
  hours: z.number().describe('How long a request lives'),
  mostPossible: z.number().int().describe('People who may approve, less the one who asks'),
  changedAt: z.iso.datetime().nullable().describe('Null while nobody chose anything'),
  changedBy: z.string().nullable(),
});
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;

export const ApprovalPolicies = z.object({ items: z.array(ApprovalPolicy) });
export type ApprovalPolicies = z.infer<typeof ApprovalPolicies>;

export const ApprovalPolicyParams = z.strictObject({
  act: z
    .string()
    .max(60)
    .regex(/^[a-z]+(?:_[a-z]+)*$/, 'is not the name of an act'),
});
export const ApprovalPolicyChange = z
  .strictObject({
    expected: z.number().int().min(0).max(mostApprovals).describe('The number as you have seen it'),
    required: z.number().int().min(0).max(mostApprovals).optional(),
    hours: z.number().int().min(1).max(168).optional(),
  })
  .refine(({ required, hours }) => required !== undefined || hours !== undefined, 'must change something');
export type ApprovalPolicyChange = z.infer<typeof ApprovalPolicyChange>;
