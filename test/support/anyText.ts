import * as fc from 'fast-check';

/**
 * Texts of any UTF-16 code units, most of them ASCII, lone surrogates among the others. fast-check's own
 * `binary` strings cost a second or more before the first of them.
 */
export function anyText(): fc.Arbitrary<string> {
  const ascii = fc.nat(0x7f);
  const any = fc.nat(0xffff);
  const units = fc.oneof({ arbitrary: ascii, weight: 2 }, { arbitrary: any, weight: 1 });
  return fc.string({ unit: units.map((unit) => String.fromCharCode(unit)) });
}
