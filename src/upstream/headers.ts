/** The headers of an answer, names in lower case; repeated ones are lists. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A header that has one value; of several the first. */
export function headerText(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** `Content-Length` in bytes; `undefined` when it is missing or no number. */
export function contentLength(headers: ResponseHeaders): number | undefined {
  const text = headerText(headers, 'content-length');
  const length = Number(text);
  return text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(length)
    ? length
    : undefined;
}
