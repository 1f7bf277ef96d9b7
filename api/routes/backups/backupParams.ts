import { z } from 'zod';

export const BackupParams = z.strictObject({ tenantId: z.uuid(), backupId: z.uuid() });
