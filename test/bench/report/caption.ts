import type { Report } from './report.ts';

/** Where and when a run was, and of what versions, in two lines. */
export function describeMachineOf({
  date,
  machine,
  versions,
}: Pick<Report, 'date' | 'machine' | 'versions'>): [string, string] {
  const { cpu, cores, memoryGiB, kernel, node } = machine;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${date.slice(0, 10)}, ${cpu}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, all over loopback`,
    `Node ${node}, ${named.join(', ')}`,
  ];
}
