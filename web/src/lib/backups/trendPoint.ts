/** A day of a trend. */
export interface TrendPoint {
  /** The day, as people say it. */
  title: string;
  /** Milliseconds; null where nothing was measured. */
  value: number | null;
  /** The same of the one in the middle, where the day is of many. */
  middle?: number | null;
  isOver: boolean;
  /** What there is to say of the day beyond its value. */
  more?: string;
  /** Where the day's measure is told in full. */
  href?: string;
}
