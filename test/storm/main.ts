/**
 * The storm, see {@link usage}. The seed decides the images, what the client of each pull does, what goes
 * wrong upstream at which pull, and at which pulls the mirror is killed. What overtakes what on the way is
 * up to the machine: a seed gives the same storm again, but not the same course of every request.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHub } from '../support/hub/scriptedHub.ts';
import { holdsSecret } from '../support/secretMark.ts';
import { MirrorUnderStorm } from './mirrorUnderStorm.ts';
import { describeDetails, describeMirror, describeStorm } from './report.ts';
import { rage, type StormResult } from './storm.ts';
import { layerPool } from './stormImages.ts';
import { checkStoredFiles } from './storedFiles.ts';
import { parseOptions, usage, type StormOptions } from './stormOptions.ts';

const clients = 32;
const images = 40;
const killsPerStorm = 6;
// What an idle mirror may have open beyond what it had when it began to serve.
const spareDescriptors = 32;

async function run(args: readonly string[]): Promise<number> {
  let options: StormOptions;
  try {
    options = parseOptions(args);
  } catch (error) {
    process.stderr.write(`${String(error)}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    say(usage);
    return 0;
  }
  say(`seed ${options.seed}: ${options.pulls} pulls of ${images} images by ${clients} clients`);
  const directory = await mkdtemp(join(tmpdir(), 'pullthrough-storm-'));
  const violations = await stormIn(directory, options);
  if (violations.length === 0) {
    await rm(directory, { recursive: true, force: true });
    say('no promise was broken');
    return 0;
  }
  say(`broken promises, with --seed ${options.seed} (the mirror's log and store: ${directory})`);
  for (const [violation, times] of countEach(violations)) say(`- ${times} × ${violation}`);
  return 1;
}

/** Rages once, or until the minutes are over; resolves with the promises that were broken. */
async function stormIn(directory: string, options: StormOptions): Promise<readonly string[]> {
  const hub = await startHub();
  const pool = layerPool(options.seed);
  const mirror = await MirrorUnderStorm.start(directory, hub, options.installation);
  try {
    const begun = performance.now();
    const minutes = (): number => (performance.now() - begun) / 60_000;
    const violations: string[] = [];
    for (let round = 0; round === 0 || minutes() < options.minutes; round += 1) {
      const kills = round === 0 || minutes() < options.minutes / 2 ? killsPerStorm : 0;
      const scale = { seed: options.seed, round, pulls: options.pulls, clients, images, kills };
      const result = await rage(scale, { hub, mirror, pool, progress: say });
      tell(result, options);
      violations.push(...result.ledger.violations);
    }
    return [...violations, ...(await examine(mirror))];
  } finally {
    await mirror.dispose();
    await hub.stop();
  }
}

/** Looks at what the mirror takes now and, once it has ended, at what it stored. */
async function examine(mirror: MirrorUnderStorm): Promise<readonly string[]> {
  const { atStarts } = mirror;
  const allowed = (atStarts.at(-1)?.descriptors ?? 0) + spareDescriptors;
  const atEnd = await mirror.settledFigures(allowed);
  const exitCode = await mirror.stop();
  const { count, wrong } = await checkStoredFiles(mirror.data);
  const telltale = holdsSecret(await readFile(mirror.log));
  const { deaths: kills, startTimes, crashes } = mirror;
  say(describeMirror({ atStarts, atEnd, kills, startTimes, storedFiles: count }));
  return [
    ...wrong.map((file) => `${file} does not hash to its name`),
    ...(telltale ? ['a secret shows in its log'] : []),
    ...(crashes > 0 ? [`the mirror ended by itself ${crashes} times`] : []),
    ...(exitCode === 0 ? [] : [`asked to end, the mirror exited with ${exitCode}`]),
    ...(atEnd.descriptors > allowed ? [`it left ${atEnd.descriptors} descriptors open`] : []),
  ];
}

function tell(result: StormResult, { details }: StormOptions): void {
  say(describeStorm(result));
  if (details) say(describeDetails(result));
}

function countEach(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exitCode = await run(process.argv.slice(2));
