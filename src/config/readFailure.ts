const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links',
  ENOENT: 'no such file',
  ENOTDIR: 'a part of the path is no directory',
};

/** What a problem says of a file that could not be read: what was expected and why it failed, without its path. */
export function describeReadFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return `expected a file that can be read: ${reasons[code] ?? code}`;
}
