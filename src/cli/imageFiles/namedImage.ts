/** The name of an image in a file. */
export interface NamedImage {
  readonly name: string;
  /** `FILE:LINE`, with the column where that is known. */
  readonly place: string;
}
