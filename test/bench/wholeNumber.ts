/**
 * The number that an option of a measurement gives.
 * @throws with the option's name where it is no whole number of 1 or more: nothing would be measured
 */
export function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new Error(`--${option} ${text}: expected a whole number from 1`);
}
