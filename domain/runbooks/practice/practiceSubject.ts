/** What a task about a runbook's practice is about: runbooks are known by their names. */
export const practiceSubject = (runbook: string): string => `practice:${runbook}`;
