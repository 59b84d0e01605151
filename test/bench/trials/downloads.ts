import type { Figure } from '../figure.ts';
import { clientCpu, clientLoad } from '../load/clientLoad.ts';
import { discard } from '../load/discard.ts';
import type { DiscardOrder, Discarded } from '../load/discardOrder.ts';
import { cpuSeconds } from '../processUsage.ts';
import type { Server } from '../server.ts';

/** A download that was measured. */
export interface MeasuredDownload extends Discarded {
  /** CPU time of the server meanwhile, and of the client, by what was sent; and how busy the client was. */
  readonly usage: readonly Figure[];
}

/** Downloads from a server and takes what CPU time that cost both sides. */
export async function measureDownload(
  work: string,
  server: Server,
  order: DiscardOrder,
  signal: AbortSignal,
): Promise<MeasuredDownload> {
  const before = await cpuSeconds(server.pid);
  const discarded = await discard(order, signal);
  const serverSeconds = (await cpuSeconds(server.pid)) - before;
  const gigabytes = discarded.bytes / 1e9;
  const { seconds, clientCpuSeconds } = discarded;
  const { processes = 1 } = order;
  const usage: Figure[] = [
    { work, measure: 'server CPU', unit: 'CPU-s/GB', value: serverSeconds / gigabytes },
    { work, measure: clientCpu, unit: 'CPU-s/GB', value: clientCpuSeconds / gigabytes },
    { work, measure: clientLoad, unit: 'cores', value: clientCpuSeconds / seconds / processes },
  ];
  return { ...discarded, usage };
}

/** `1 connection`, `8 connections`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
