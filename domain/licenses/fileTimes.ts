/** As licence files tell times: RFC 3339 in UTC, whole seconds (rounded down). */
export const fileTime = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;
