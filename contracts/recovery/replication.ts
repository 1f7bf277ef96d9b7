import { z } from 'zod';
import { ServerName } from './servers.ts';

export const serverRoles = ['primary', 'standby', 'fenced', 'unknown'] as const;
/** `behind`: further than is allowed; `broken`: does not follow, or its log is gone; `silent`: does not answer. */
export const serverStates = ['ok', 'behind', 'broken', 'silent'] as const;

export const DatabaseServerView = z.object({
  name: ServerName,
  host: z.string(),
  port: z.number().int(),
  role: z.enum(serverRoles),
  state: z.enum(serverStates),
  reason: z.string().nullable(),
  systemIdentifier: z.string().nullable(),
  timeline: z.number().int().nullable(),
  follows: ServerName.nullable().describe('Of a standby'),
  synchronous: z.boolean().describe('Commits wait until it has them safe'),
  dataStores: z.number().int().describe('That live on it, or would'),
  primaryLsn: z.string().nullable().describe('How far the primary had its log safe, when it was last asked'),
  flushedLsn: z.string().nullable().describe('How far this server has it safe'),
  lagBytes: z.number().int().nullable().describe('What would be lost now; null while a side does not answer'),
  lagSeconds: z.number().nullable(),
  sampledAt: z.iso.datetime().nullable(),
  claimedBy: z.string().nullable().describe('The execution that moves it now'),
});
export type DatabaseServerView = z.infer<typeof DatabaseServerView>;

export const ReplicationState = z.object({
  configured: z.boolean().describe('Whether any server is described (TENANTRY_SERVERS)'),
  maxLagBytes: z.number().int(),
  maxLagSeconds: z.number(),
  items: z.array(DatabaseServerView),
});
export type ReplicationState = z.infer<typeof ReplicationState>;
