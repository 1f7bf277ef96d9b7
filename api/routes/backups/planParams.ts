import { z } from 'zod';
import { Name } from '#contracts/blueprints.ts';

export const PlanParams = z.strictObject({ plan: Name });
