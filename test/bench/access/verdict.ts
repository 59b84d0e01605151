import { formatTable } from '../report/table.ts';
import type { Spread } from '../report/spread.ts';
import type { Compared } from './hits.ts';

/** What was found for one kind of content; the first is what the others are compared with. */
export interface ContentCosts {
  readonly content: string;
  readonly compared: readonly Compared[];
}

const heading = ['hit', 'mirror', 'CPU time', 'ratio', 'of the least', 'time', 'ratio'];
// Five percent more.
const target = 1.05;

/** All figures as a table. */
export function costTable(contents: readonly ContentCosts[]): string {
  const rows = contents.flatMap(({ content, compared }) =>
    compared.map(({ title, cost, cpuRatio, leastRatio, timeRatio }) => [
      content,
      title,
      micros(cost.cpu),
      spreadText(cpuRatio),
      leastRatio === 1 ? '' : leastRatio.toFixed(3),
      micros(cost.time),
      spreadText(timeRatio),
    ]),
  );
  return formatTable(heading, rows, [2, 5]);
}

/** Whether each of the titles takes less than 5 % more, a line each, over all kinds of content. */
export function verdicts(contents: readonly ContentCosts[], titles: readonly string[]): string[] {
  return titles.map((title) => {
    const mean = (ratioOf: (one: Compared) => number): string =>
      verdictText(meanRatio(contents, title, ratioOf));
    const cpu = mean(({ cpuRatio }) => cpuRatio.median);
    const least = mean(({ leastRatio }) => leastRatio);
    const time = mean(({ timeRatio }) => timeRatio.median);
    return `${title}: CPU time ${cpu}, of the least ${least}; time ${time}`;
  });
}

/** The mean over all kinds of content. */
export function meanRatio(
  contents: readonly ContentCosts[],
  title: string,
  ratioOf: (one: Compared) => number,
): number {
  const found = contents.flatMap(({ compared }) => compared.filter((one) => one.title === title));
  return found.reduce((sum, one) => sum + ratioOf(one), 0) / found.length;
}

function verdictText(ratio: number): string {
  const percent = ((ratio - 1) * 100).toFixed(1);
  return `${ratio < 1 ? '' : '+'}${percent} % (${ratio < target ? 'reached' : 'missed'})`;
}

function micros(seconds: number): string {
  return `${(seconds * 1e6).toFixed(1)} µs`;
}

function spreadText({ median, least, greatest }: Spread): string {
  const [a, b, c] = [median, least, greatest].map((value) => value.toFixed(3));
  return a === b && a === c ? '' : `${a} (${b}–${c})`;
}
