import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Bench } from './bench.ts';
import { freePort } from './freePort.ts';
import { startProgram } from './program.ts';
import { repositoryRoot } from './repository.ts';
import { waitUntilReady } from './waitUntilReady.ts';

/** A rule as Prometheus has loaded it. */
export interface LoadedRule {
  readonly name: string;
  readonly type: 'recording' | 'alerting';
  /** `unknown` until it was evaluated. */
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

/** A Prometheus that scrapes one mirror every second, with the rules of `config/prometheus`. */
export interface Prometheus {
  /** The values that an expression has now; it may be none. Rejects with what is wrong with the expression. */
  query(expression: string): Promise<readonly number[]>;
  rules(): Promise<readonly LoadedRule[]>;
}

interface Settings {
  global: Record<string, string>;
  rule_files: string[];
  scrape_configs: { static_configs: { targets: string[] }[] }[];
}

const source = join(repositoryRoot, 'config/prometheus');
const interval = '1s';

/** Starts it with the example of `config/prometheus`, in which only the target and the pace are others. */
export async function startPrometheus(bench: Bench, target: string): Promise<Prometheus> {
  const settings = parse(await readFile(join(source, 'prometheus.yml'), 'utf8')) as Settings;
  settings.global = { scrape_interval: interval, evaluation_interval: interval };
  for (const job of settings.scrape_configs) job.static_configs = [{ targets: [target] }];
  for (const file of settings.rule_files) {
    await copyFile(join(source, file), join(bench.directory, file));
  }
  const configuration = join(bench.directory, 'prometheus.yml');
  await writeFile(configuration, stringify(settings));
  const address = `127.0.0.1:${await freePort()}`;
  const program = startProgram(bench, 'prometheus', [
    `--config.file=${configuration}`,
    `--storage.tsdb.path=${join(bench.directory, 'prometheus')}`,
    `--web.listen-address=${address}`,
  ]);
  await waitUntilReady(`http://${address}/-/ready`, program.assertRunning);
  const get = (path: string) => getData(`http://${address}/api/v1/${path}`);
  return {
    async query(expression) {
      const { result } = (await get(`query?query=${encodeURIComponent(expression)}`)) as {
        result: { value: [number, string] }[];
      };
      return result.map(({ value: [, text] }) => Number(text));
    },
    async rules() {
      const { groups } = (await get('rules')) as { groups: { rules: LoadedRule[] }[] };
      return groups.flatMap(({ rules }) => rules);
    },
  };
}

async function getData(url: string): Promise<unknown> {
  const answer = (await (await fetch(url)).json()) as { data?: unknown; error?: string };
  if (answer.error !== undefined) throw new Error(`Prometheus: ${answer.error}`);
  return answer.data;
}
