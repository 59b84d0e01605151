import { readFile } from 'node:fs/promises';

// USER_HZ is 100 on every Linux that Node runs on (proc_pid_stat(5)).
const ticksPerSecond = 100;

/** The CPU time that a process has used with all its threads, in its own code and in the kernel, in seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in brackets, which may hold spaces; the third comes after the last bracket.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** The most memory that a process has held so far, as resident set, in bytes. */
export async function peakMemory(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(text) ?? [];
  return Number(kibibytes) * 1024;
}
