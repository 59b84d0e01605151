import { Glob } from '../registry/glob.ts';
import { upstreamNamed } from './dockerHub.ts';
import type { SettingPath } from './settingPath.ts';
import { fieldOf, listAt, type Report } from './unparsedSettings.ts';

/** Patterns for the names of repositories, and where they stand. */
interface Patterns {
  readonly path: SettingPath;
  readonly patterns: readonly unknown[];
  /** The upstream that they are for; `undefined`: every one. */
  readonly upstream: unknown;
}

/**
 * Reports patterns that begin with the name of an upstream, as names of images do: repositories are compared
 * without it, so that they would be for none. A registry that mirrors others may have repositories that begin
 * with the host of one; they are meant where its own name stands beside the pattern.
 *
 * @param hosts the upstreams that there are
 */
export function patternRules(settings: unknown, hosts: readonly string[], report: Report): void {
  for (const { path, patterns, upstream } of [
    ...accessPatterns(settings),
    ...upstreamPatterns(settings),
  ]) {
    for (const [index, pattern] of patterns.entries()) {
      const [first = '', ...rest] = textOf(pattern).split('/');
      const host = upstreamNamed(first);
      if (!hosts.includes(host) || (upstream ?? host) !== host) continue;
      const meant = rest.join('/') || '**';
      const remedy = upstream === undefined ? `${meant} and upstream: ${host} beside it` : meant;
      report([...path, index], `expected a pattern without the name of a registry: ${remedy}`);
    }
  }
}

function accessPatterns(settings: unknown): readonly Patterns[] {
  const access = fieldOf(settings, 'access');
  return ['namespaces', 'rules'].flatMap((key) =>
    listAt(access, key).map((entry, index) => ({
      path: ['access', key, index, 'repositories'],
      patterns: listAt(entry, 'repositories'),
      upstream: fieldOf(entry, 'upstream'),
    })),
  );
}

function upstreamPatterns(settings: unknown): readonly Patterns[] {
  return listAt(settings, 'upstreams').flatMap((entry, index) => {
    const upstream = fieldOf(entry, 'host');
    const path = ['upstreams', index];
    const within = ['accounts', 'tagRules', 'deny'].flatMap((key) =>
      listAt(entry, key).map((one, place) => ({
        path: [...path, key, place, 'repositories'],
        patterns: listAt(one, 'repositories'),
        upstream,
      })),
    );
    const allowed = listAt(fieldOf(entry, 'allow'), 'repositories');
    return [
      { path: [...path, 'essential'], patterns: listAt(entry, 'essential'), upstream },
      { path: [...path, 'allow', 'repositories'], patterns: allowed, upstream },
      ...within,
    ];
  });
}

function textOf(pattern: unknown): string {
  return pattern instanceof Glob ? pattern.text : '';
}
