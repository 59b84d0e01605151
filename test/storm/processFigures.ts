import { readdir, readFile } from 'node:fs/promises';

/** What a process takes of the machine, as the kernel of Linux counts it. */
export interface ProcessFigures {
  /** Bytes of memory now. */
  readonly memory: number;
  /** Bytes of memory at the most so far. */
  readonly peak: number;
  readonly descriptors: number;
}

/** Reads what a running process takes now. */
export async function processFigures(pid: number): Promise<ProcessFigures> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const descriptors = (await readdir(`/proc/${pid}/fd`)).length;
  return { memory: kibibytes('VmRSS') * 1024, peak: kibibytes('VmHWM') * 1024, descriptors };
}
