import type { Execution, TimelineEntry } from '#contracts/runbooks/executions.ts';
import { refusalOf, type Refusal } from '#lib/api/refusal.ts';
import { ask, send } from '#lib/api/requests.ts';
import { runbookPaths } from '#lib/runbooks/runbookPaths.ts';

/** What a person tells an execution that others look at too: of two at once one is heard, and the other is told what was decided. */
export class Acting {
  isBusy = $state(false);
  /** The step that was acted on; null: the whole. */
  at = $state<string | null>(null);
  refusal = $state.raw<Refusal | null>(null);
  /** What others did since it was looked at, where that is why nothing came of it. */
  others = $state.raw<TimelineEntry[]>([]);
  readonly #seen: () => Execution;
  readonly #onexecution: (execution: Execution) => void;

  constructor(seen: () => Execution, onexecution: (execution: Execution) => void) {
    this.#seen = seen;
    this.#onexecution = onexecution;
  }

  get isOvertaken(): boolean {
    return this.refusal?.status === 409;
  }

  /** What is wrong with each field of what was sent for a step. */
  fieldsOf(stepId: string | null): Record<string, string> {
    return this.at === stepId ? (this.refusal?.fields ?? {}) : {};
  }

  /** Returns whether it was heard. */
  async tell(stepId: string | null, path: string, body: object): Promise<boolean> {
    const seen = this.#seen();
    this.isBusy = true;
    this.at = stepId;
    this.refusal = null;
    this.others = [];
    try {
      this.#onexecution(await send<Execution>('POST', path, body));
      return true;
    } catch (failure) {
      const refusal = refusalOf(failure);
      if (refusal.status === 409) await this.#lookAgain(seen);
      this.refusal = refusal;
      return false;
    } finally {
      this.isBusy = false;
    }
  }

  forget(): void {
    this.refusal = null;
    this.others = [];
  }

  async #lookAgain(seen: Execution): Promise<void> {
    const newest = seen.timeline.at(-1)?.number ?? 0;
    const now = await ask<Execution>(fetch, 'GET', runbookPaths.execution(seen.runId)).catch(() => null);
    if (!now) return;
    this.others = now.timeline.filter(({ number, by }) => number > newest && by !== null);
    this.#onexecution(now);
  }
}
