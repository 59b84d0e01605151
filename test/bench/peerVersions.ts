import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../e2e/support/repository.ts';
import { installed, searchPath } from './missingPrograms.ts';

const run = promisify(execFile);

/** Versions of what is compared, and of the client, by name. */
export type PeerVersions = Readonly<Record<string, string>>;

const askedBy: Readonly<Record<string, string>> = {
  'docker-registry': '--version',
  nginx: '-v',
  wrk: '--version',
};

/** Those of what is installed. */
export async function peerVersions(): Promise<PeerVersions> {
  const own = await versionOfPackage(repositoryRoot);
  const fastify = await versionOfPackage(join(repositoryRoot, 'node_modules/fastify'));
  const programs = Object.entries(askedBy).filter(([name]) => installed(name));
  const versions = await Promise.all(
    programs.map(async ([name, flag]) => [name, await versionOfProgram(name, flag)] as const),
  );
  return { mirror: own, ...Object.fromEntries(versions), fastify };
}

/** Finds the version in what a program says of itself: `nginx version: nginx/1.22.1` is `1.22.1`. */
export function versionIn(text: string): string {
  return /\d+\.\d+(\.\d+)?/.exec(text)?.[0] ?? 'unknown';
}

async function versionOfProgram(name: string, flag: string): Promise<string> {
  const env = { ...process.env, PATH: searchPath };
  try {
    const { stdout, stderr } = await run(name, [flag], { env });
    return versionIn(stdout + stderr);
  } catch (error) {
    // wrk says it and exits 1.
    return versionIn(String((error as { stdout?: string }).stdout));
  }
}

async function versionOfPackage(directory: string): Promise<string> {
  const text = await readFile(join(directory, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
