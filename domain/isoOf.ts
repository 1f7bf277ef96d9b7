/** A time of a row as answers tell it: RFC 3339, UTC, with milliseconds. */
export const isoOf = (time: Date | string): string => new Date(time).toISOString();
