import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { freePort } from '../e2e/support/freePort.ts';
import type { ScriptedHub } from '../support/hub/scriptedHub.ts';
import { mirrorSettings } from './mirrorSettings.ts';
import { processFigures, type ProcessFigures } from './processFigures.ts';

const secondsToSettle = 60;

/** The real program, which can be killed and started again on the same ports and data. */
export class MirrorUnderStorm {
  readonly url: string;
  /** Where it keeps what it fetched. */
  readonly data: string;
  /** The file that it logs to, over all its starts. */
  readonly log: string;
  /** Milliseconds that each start took, from the birth of the process until it served. */
  readonly startTimes: number[] = [];
  /** What it took when it began to serve, each time. */
  readonly atStarts: ProcessFigures[] = [];
  readonly #directory: string;
  readonly #mainFile: string;
  #child: ChildProcess | undefined;
  #serving = Promise.resolve();
  #isServing = false;
  #deaths = 0;
  #crashes = 0;

  private constructor(directory: string, installation: string, port: number) {
    this.#directory = directory;
    this.#mainFile = join(installation, 'src/main.ts');
    this.url = `http://127.0.0.1:${port}`;
    this.data = join(directory, 'data');
    this.log = join(directory, 'mirror.log');
  }

  /** Starts the program of a checkout before a Hub; all that it writes goes into a directory that is there. */
  static async start(
    directory: string,
    hub: ScriptedHub,
    installation: string,
  ): Promise<MirrorUnderStorm> {
    const port = await freePort();
    const mirror = new MirrorUnderStorm(directory, installation, port);
    const settings = mirrorSettings(hub, port, await freePort(), mirror.data);
    await writeFile(mirror.#configuration, stringify(settings));
    mirror.#serving = mirror.#start();
    await mirror.#serving;
    return mirror;
  }

  /** How often it was killed. */
  get deaths(): number {
    return this.#deaths;
  }

  /** How often it ended without having been told to. */
  get crashes(): number {
    return this.#crashes;
  }

  /** Whether it can be asked now. */
  get isServing(): boolean {
    return this.#isServing;
  }

  /** Settles when it serves again; rejects when it ended without. */
  get serving(): Promise<void> {
    return this.#serving;
  }

  /** Kills it there and then, and starts it again at once. */
  killAndRestart(): void {
    this.#serving = this.#killAndRestart(this.#serving);
    // Whoever waits for it to serve is told.
    this.#serving.catch(() => {});
  }

  /** Asks it to end; resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.#isServing = false;
    return this.#end('SIGTERM');
  }

  /** Ends it if it still runs. */
  async dispose(): Promise<void> {
    await this.#serving.catch(() => {});
    this.#isServing = false;
    await this.#end('SIGKILL');
  }

  /** What it takes once it has no more descriptors open than this, or after a minute. */
  async settledFigures(descriptors: number): Promise<ProcessFigures> {
    for (let second = 0; ; second += 1) {
      const figures = await this.#figures();
      if (figures.descriptors <= descriptors || second === secondsToSettle) return figures;
      await delay(1000);
    }
  }

  #figures(): Promise<ProcessFigures> {
    if (this.#child?.pid === undefined) throw new Error('the mirror was never started');
    return processFigures(this.#child.pid);
  }

  get #configuration(): string {
    return join(this.#directory, 'mirror.yaml');
  }

  async #killAndRestart(serving: Promise<void>): Promise<void> {
    await serving;
    this.#deaths += 1;
    this.#isServing = false;
    await this.#end('SIGKILL');
    await this.#start();
  }

  async #start(): Promise<void> {
    const begun = performance.now();
    const log = createWriteStream(this.log, { flags: 'a' });
    const child = spawn(
      process.execPath,
      [this.#mainFile, '--config', this.#configuration, 'serve'],
      {
        cwd: this.#directory,
        env: {},
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    this.#child = child;
    child.stdout.pipe(log);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const lines = createInterface(child.stdout);
    lines.on('line', (line) => {
      if (!line.includes('"msg":"serving"')) return;
      lines.removeAllListeners('line');
      resolve();
    });
    child.once('exit', () => {
      if (this.#isServing) this.#crashes += 1;
      reject(new Error('the mirror ended without serving'));
    });
    await promise;
    this.startTimes.push(performance.now() - begun);
    this.atStarts.push(await this.#figures());
    this.#isServing = true;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    }
    return child.exitCode;
  }
}
