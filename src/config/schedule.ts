import { Cron } from 'croner';

/**
 * Whether a text says times as cron has them: five fields, or a nickname such as `@daily`. One that never
 * comes, such as February 30, is none.
 */
export function isSchedule(text: string): boolean {
  try {
    const cron = new Cron(text, { mode: '5-part', paused: true });
    // The time of one run, which croner takes as well, has no pattern.
    return cron.getPattern() !== undefined && cron.nextRun() !== null;
  } catch {
    return false;
  }
}
