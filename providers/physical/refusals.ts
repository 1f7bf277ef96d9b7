import { DomainError, type ErrorCode } from '#contracts/errors.ts';

/** Why the copy, the archive or the recovery of a whole cluster stops: each reason has its own code. */
export type PhysicalRefusal = Extract<ErrorCode, `physical_${string}`>;

export const physicalRefusal = (code: PhysicalRefusal, text: string, cause?: unknown): DomainError =>
  new DomainError(code, text, { cause });
