/** What `wrk --latency` reports; times are in seconds. */
export interface WrkAnswers {
  readonly requests: number;
  readonly perSecond: number;
  readonly medianSeconds: number;
  readonly p99Seconds: number;
}

const inSeconds: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Reads the output of `wrk --latency`; throws when it speaks of errors or lacks a figure. */
export function parseWrk(output: string): WrkAnswers {
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(output);
  const [, rate] = /Requests\/sec:\s+([\d.]+)/.exec(output) ?? [];
  const [, requests] = /^ +(\d+) requests in /m.exec(output) ?? [];
  if (rate === undefined || requests === undefined) throw new Error(output);
  return {
    requests: Number(requests),
    perSecond: Number(rate),
    medianSeconds: latency(output, 50),
    p99Seconds: latency(output, 99),
  };
}

function latency(output: string, percent: number): number {
  const [, value, unit = ''] =
    new RegExp(`^ *${percent}% +([\\d.]+)([a-z]+)$`, 'm').exec(output) ?? [];
  const scale = inSeconds[unit];
  if (scale === undefined) throw new Error(output);
  return Number(value) * scale;
}
