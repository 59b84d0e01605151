/** What an upstream was asked for and sent. */
export interface UpstreamTraffic {
  readonly requests: number;
  readonly bytes: number;
}

/** Counts the answered GETs of a path in an access log of Apache's combined format, in which the size follows the status. */
export function trafficIn(log: string, path: string): UpstreamTraffic {
  const pattern = /"GET (\S+) HTTP\/1\.1" 2\d\d (\d+) /g;
  const sizes = [...log.matchAll(pattern)].filter((match) => match[1] === path);
  return {
    requests: sizes.length,
    bytes: sizes.reduce((sum, match) => sum + Number(match[2]), 0),
  };
}
