import type { Platform } from '#domain/platform.ts';
import type { Ledger } from '#domain/runs/ledger.ts';
import type { MailSender } from '#providers/mail/mailSender.ts';
import type { Provider } from '#providers/provider.ts';

/** What activities stand on; each takes what it needs. */
export interface Deps extends Platform {
  ledger: Ledger;
  /** By kind: what a blueprint's step names. */
  providers: Record<string, Provider>;
  mail: MailSender;
  startRun(runId: string): Promise<void>;
}
