import { isValidPhoneNumber } from 'libphonenumber-js/max';

/** Fictional numbers (555-01xx) that an import takes: a hundred for every area code there is. */
export function fictionalPhones(count: number): string[] {
  const phones: string[] = [];
  for (let area = 201; area < 990 && phones.length < count; area++) {
    if (!isValidPhoneNumber(`+1${area}5550100`)) continue;
    for (let line = 100; line < 200 && phones.length < count; line++) phones.push(`+1${area}5550${line}`);
  }
  if (phones.length < count) throw new Error(`there are ${phones.length} fictional numbers, not ${count}`);
  return phones;
}
