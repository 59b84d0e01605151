import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { assertHoldsNoSecret } from '../../support/secretMark.ts';
import type { Bench } from './bench.ts';
import { freePorts } from './freePort.ts';
import { startProgram, type Program } from './program.ts';
import { repositoryRoot } from './repository.ts';
import { waitUntilReady } from './waitUntilReady.ts';

/** What a test decides about the mirror. */
export interface MirrorOptions {
  /** The address that stands for Docker Hub. */
  readonly upstreamUrl: string;
  readonly account?: { readonly username: string; readonly token: string };
  /** Serve what the upstream gives to the account alone; it isn't by default. */
  readonly allowPrivate?: boolean;
  /** Further settings, at the top and for the upstream. */
  readonly settings?: object;
  readonly upstreamSettings?: object;
  /** The installation to start; this checkout when absent. */
  readonly installation?: string;
}

/** The mirror as a process of its own, on free ports. */
export interface Mirror {
  /** `127.0.0.1:PORT`, as client configurations name it. */
  readonly address: string;
  readonly url: string;
  readonly opsUrl: string;
  /** Where it keeps its data. */
  readonly directory: string;
  /** What it logged since its last start. */
  output(): string;
  /** Ends it with SIGKILL; `restart` starts it again. */
  kill(): Promise<void>;
  /** Stops it and starts it again, on the same ports and data. */
  restart(): Promise<void>;
  /** Asks it to end and resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** Starts the mirror with this Node, and resolves when it is ready. A bench on which a secret shows fails. */
export async function startMirror(bench: Bench, options: MirrorOptions): Promise<Mirror> {
  const [address = '', opsAddress = ''] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
  const configuration = join(bench.directory, 'mirror.yaml');
  await writeFile(configuration, stringify(settings(bench, options, address, opsAddress)));
  const start = async () => serve(bench, options, configuration, `http://${opsAddress}`);
  let program = await start();
  return {
    address,
    url: `http://${address}`,
    opsUrl: `http://${opsAddress}`,
    directory: join(bench.directory, 'mirror'),
    output: () => program.output(),
    kill: () => program.kill(),
    stop: () => program.stop(),
    async restart() {
      await program.stop();
      program = await start();
    },
  };
}

async function serve(
  bench: Bench,
  options: MirrorOptions,
  configuration: string,
  opsUrl: string,
): Promise<Program> {
  const main = join(options.installation ?? repositoryRoot, 'src/main.ts');
  const program = startProgram(bench, process.execPath, [main, '--config', configuration, 'serve']);
  bench.onClose(() => assertKeepsSecrets(program, opsUrl));
  await waitUntilReady(`${opsUrl}/readyz`, program.assertRunning);
  return program;
}

/** Ends the mirror, if a test did not, and fails when a secret shows in its metrics or its log. */
async function assertKeepsSecrets(program: Program, opsUrl: string): Promise<void> {
  const metrics = await fetch(`${opsUrl}/metrics`).then(
    (answer) => answer.text(),
    () => 'none: a test has ended the mirror',
  );
  await program.stop();
  assertHoldsNoSecret('the metrics of the mirror', metrics);
  assertHoldsNoSecret('the log of the mirror', program.output());
}

function settings(
  bench: Bench,
  options: MirrorOptions,
  address: string,
  opsAddress: string,
): object {
  return {
    listen: address,
    ops: { listen: opsAddress },
    storage: { directory: join(bench.directory, 'mirror') },
    upstreams: [
      {
        host: 'docker.io',
        url: options.upstreamUrl,
        tagFreshness: '1h',
        ...(options.account === undefined ? {} : { accounts: [options.account] }),
        ...options.upstreamSettings,
      },
    ],
    ...(options.allowPrivate === true ? { access: { private: 'allow' } } : {}),
    ...options.settings,
  };
}
