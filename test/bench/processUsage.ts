import { readdir, readFile } from 'node:fs/promises';

// USER_HZ is 100 on every Linux that Node runs on (proc_pid_stat(5)).
const ticksPerSecond = 100;

/**
 * The CPU time that a process has used with all its threads and its children, those that have ended
 * among them, in their own code and in the kernel, in seconds.
 */
export async function cpuSeconds(pid: number): Promise<number> {
  const members = await familyOf(pid);
  const seconds = await Promise.all(members.map(ownCpuSeconds));
  return seconds.reduce((sum, value) => sum + value, 0);
}

/** The CPU time of those children of this process that have ended and been waited for, in seconds. */
export async function endedChildrenCpuSeconds(): Promise<number> {
  const [, , children = 0, inKernel = 0] = cpuTicks(await readFile('/proc/self/stat', 'utf8'));
  return (children + inKernel) / ticksPerSecond;
}

/**
 * The most memory that a process and its children have held so far, as resident sets, in bytes; what they
 * share is counted for each.
 */
export async function peakMemory(pid: number): Promise<number> {
  return sumOfStatus(pid, 'VmHWM');
}

/** The memory that a process and its children hold now, as resident sets, in bytes. */
export async function residentMemory(pid: number): Promise<number> {
  return sumOfStatus(pid, 'VmRSS');
}

/** Reads `/proc/PID/stat`: own CPU time, own in the kernel, that of ended children, theirs in the kernel. */
export function cpuTicks(stat: string): number[] {
  // The second field is the program's name in brackets, which may hold spaces; the third comes after the last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).map(Number);
}

async function ownCpuSeconds(pid: number): Promise<number> {
  const ticks = cpuTicks(await readFile(`/proc/${pid}/stat`, 'utf8'));
  return ticks.reduce((sum, value) => sum + value, 0) / ticksPerSecond;
}

async function sumOfStatus(pid: number, key: 'VmHWM' | 'VmRSS'): Promise<number> {
  const members = await familyOf(pid);
  const sizes = await Promise.all(
    members.map(async (member) => {
      const text = await readFile(`/proc/${member}/status`, 'utf8');
      const [, kibibytes] = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text) ?? [];
      return Number(kibibytes) * 1024;
    }),
  );
  return sizes.reduce((sum, value) => sum + value, 0);
}

/** A process and all that it has started, as nginx's workers are: its processes come and go. */
async function familyOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    threads.map((thread) =>
      readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => ''),
    ),
  );
  const children = lists.join(' ').split(' ').filter(Boolean).map(Number);
  const families = await Promise.all(children.map((child) => familyOf(child)));
  return [pid, ...families.flat()];
}
