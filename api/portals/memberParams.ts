import { z } from 'zod';
import { PortalParams } from './atPortal.ts';

export const MemberParams = PortalParams.extend({ memberId: z.uuid().toLowerCase() });
